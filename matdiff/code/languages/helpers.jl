# What a module defines when it uses it: one function after the other, with an empty line between.

_sigmoid(x) = 1 / (1 + exp(-x))

_softplus(x) = max(x, 0) + log1p(exp(-abs(x)))

_logsigmoid(x) = min(x, 0) - log1p(exp(-abs(x)))

_relu(x) = max(x, 0)

_step(x) = float(x > 0)

_gelu(x) = x * (1 + erf(x / sqrt(2))) / 2

"exp.(x) / sum(exp.(x)), without overflow."
function _softmax(x)
    e = exp.(x .- maximum(x))
    return e / sum(e)
end

"log(sum(exp.(x))), without overflow."
function _logsumexp(x)
    largest = maximum(x)
    return largest + log(sum(exp.(x .- largest)))
end

"The softmax of every row, without overflow."
function _softmax_rows(x)
    e = exp.(x .- maximum(x, dims=2))
    return e ./ sum(e, dims=2)
end

"log(sum(exp.(x))) of every row, without overflow."
function _logsumexp_rows(x)
    largest = maximum(x, dims=2)
    return vec(largest + log.(sum(exp.(x .- largest), dims=2)))
end

"1 at the first largest entry of every row, else 0."
function _argmax_rows(x)
    found = zeros(size(x))
    found[argmax(x, dims=2)] .= 1
    return found
end

"1 at the first largest entry, row by row, else 0."
function _argmax(x)
    rows = permutedims(x)
    found = zeros(size(rows))
    found[argmax(rows)] = 1
    return reshape(permutedims(found), size(x))
end

"The adjugate, from the singular values, so that x may be singular."
function _adj(x)
    u, s, v = svd(x)
    others = [prod(s[1:end .!= i]) for i in eachindex(s)]
    return det(u) * det(v) * v * Diagonal(others) * u'
end

_logm(x) = real(log(x))

_sqrtm(x) = real(sqrt(x))

_powm(x, exponent) = real(exp(exponent * log(x)))

"The derivative of the adjugate at x in the direction e, for singular x too."
function _dadj(x, e)
    u, s, v = svd(x)
    n = length(s)
    others = [i == j ? 0.0 : prod(s[k] for k in 1:n if k != i && k != j; init=1.0) for i in 1:n, j in 1:n]
    inner = u' * e * v
    turned = Diagonal(others * diag(inner)) - others .* inner
    return det(u) * det(v) * v * turned * u'
end

"The second derivative of the adjugate at x in the directions e and f: that of every minor of x."
function _d2adj(x, e, f)
    n = size(x, 1)
    bent = zeros(n, n)
    n > 1 || return bent
    for i in 1:n, j in 1:n
        x1, e1, f1 = (a[1:n .!= i, 1:n .!= j] for a in (x, e, f))
        bent[j, i] = (-1)^(i + j) * sum(_dadj(x1, f1)' .* e1)
    end
    return bent
end

"v v' for the eigenvector v of the symmetric matrix x, its eigenvalues in ascending order."
function _eigproj(x, place)
    v = eigen(Symmetric(x)).vectors[:, place]
    return v * v'
end

"The derivative of the matrix function f at x in the direction e (Higham 2008, eq. 3.16)."
function _frechet(f, x, e)
    n = size(x, 1)
    return f([x e; zero(x) x])[1:n, n+1:end]
end

"The second derivative of the matrix function f at x in the directions e and g (Higham and Relton 2014, theorem 3.5)."
function _frechet2(f, x, e, g)
    n = size(x, 1)
    o = zero(x)
    return f([x e g o; o x o g; o o x e; o o o x])[1:n, 3n+1:end]
end

"d(e) for every unit matrix e of size n as direction, with its two axes last."
function _slope(d, n)
    slope = zeros(n, n, n, n)
    for k in 1:n, l in 1:n
        e = zeros(n, n)
        e[k, l] = 1
        slope[:, :, k, l] = d(e)
    end
    return slope
end

"d(e, g) for all unit matrices e and g of size n as directions, with their axes last."
function _slope2(d, n)
    slope = zeros(n, n, n, n, n, n)
    for k in 1:n, l in 1:n
        e = zeros(n, n)
        e[k, l] = 1
        slope[:, :, k, l, :, :] = _slope(g -> d(e, g), n)
    end
    return slope
end

"The sum over all letters that are not in `output` of the product of arrays whose axes are named by `inputs`."
function _einsum(inputs, output, arrays...)
    letters = unique(output * join(inputs))
    total = ones(ntuple(_ -> 1, length(letters)))
    for (names, array) in zip(inputs, arrays)
        order = sortperm([findfirst(==(c), letters) for c in names])
        sizes = [c in names ? size(array, findfirst(c, names)) : 1 for c in letters]
        total = total .* reshape(permutedims(array, order), sizes...)
    end
    summed = Tuple(length(output)+1:length(letters))
    return dropdims(sum(total, dims=summed), dims=summed)
end

"f of every matrix that the axes of x after the first ones, as many as count says, hold."
function _each(f, x, count)
    front = size(x)[1:count]
    values = [f(x[place, :, :]) for place in CartesianIndices(front)]
    first(values) isa Number && return values
    result = similar(first(values), front..., size(first(values))...)
    for place in CartesianIndices(front)
        result[place, :, :] = values[place]
    end
    return result
end
