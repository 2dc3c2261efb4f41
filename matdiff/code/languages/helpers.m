% What a module defines when it uses it: one function after the other, with an empty line between.

function y = softplus_(x)
% log(1 + exp(x)), without overflow.
  y = max(x, 0) + log1p(exp(-abs(x)));
end

function y = gelu_(x)
% x times the normal distribution function at x.
  y = x .* (1 + erf(x / sqrt(2))) / 2;
end

function y = softmax_(x)
% exp(x) / sum(exp(x)), without overflow.
  e = exp(x - max(x));
  y = e / sum(e);
end

function y = logsumexp_(x)
% log(sum(exp(x))), without overflow.
  y = max(x) + log(sum(exp(x - max(x))));
end

function y = logdet_(x)
% log |det x|, without overflow.
  [l, u, p] = lu(x);
  y = sum(log(abs(diag(u))));
end

function y = softmax_rows_(x)
% The softmax of every row, without overflow.
  e = exp(x - max(x, [], 2));
  y = e ./ sum(e, 2);
end

function y = logsumexp_rows_(x)
% log(sum(exp(x))) of every row, without overflow.
  largest = max(x, [], 2);
  y = largest + log(sum(exp(x - largest), 2));
end

function y = argmax_rows_(x)
% 1 at the first largest entry of every row, else 0.
  [largest, k] = max(x, [], 2);
  y = double((1:size(x, 2)) == k);
end

function y = argmax_(x)
% 1 at the first largest entry, row by row, else 0.
  rows = x.';
  [largest, k] = max(rows(:));
  y = zeros(size(rows));
  y(k) = 1;
  y = y.';
end

function y = adj_(x)
% The adjugate, from the singular values, so that x may be singular.
  [u, s, v] = svd(x);
  s = diag(s);
  others = zeros(size(s));
  for i = 1:numel(s)
    others(i) = prod(s([1:i-1, i+1:end]));
  end
  y = det(u) * det(v) * v * diag(others) * u';
end

function y = pinv_(x)
% The pseudoinverse; singular values below 1e-12 of the largest count as zero.
  y = pinv(x, 1e-12 * norm(x));
end

function y = logm_(x)
% The principal logarithm; complex numbers come from rounding only.
  y = real(logm(x));
end

function y = sqrtm_(x)
% The principal square root; complex numbers come from rounding only.
  y = real(sqrtm(x));
end

function y = powm_(x, exponent)
% The principal power.
  y = real(expm(exponent * logm(x)));
end

function y = dadj_(x, e)
% The derivative of the adjugate at x in the direction e, for singular x too.
  [u, s, v] = svd(x);
  s = diag(s);
  n = numel(s);
  others = zeros(n);
  for i = 1:n
    for j = [1:i-1, i+1:n]
      others(i, j) = prod(s(setdiff(1:n, [i, j])));
    end
  end
  inner = u' * e * v;
  y = det(u) * det(v) * v * (diag(others * diag(inner)) - others .* inner) * u';
end

function y = d2adj_(x, e, f)
% The second derivative of the adjugate at x in the directions e and f: that of every minor of x.
  n = size(x, 1);
  y = zeros(n);
  for i = 1:n
    for j = 1:n
      rows = [1:i-1, i+1:n];
      columns = [1:j-1, j+1:n];
      y(j, i) = (-1)^(i + j) * sum(sum(dadj_(x(rows, columns), f(rows, columns))' .* e(rows, columns)));
    end
  end
end

function y = eigproj_(x, order)
% v v' for the eigenvector v of the symmetric matrix x whose eigenvalue comes first in this order.
  [v, d] = eig((x + x') / 2);
  [d, places] = sort(diag(d), order);
  y = v(:, places(1)) * v(:, places(1))';
end

function y = frechet_(f, x, e)
% The derivative of the matrix function f at x in the direction e (Higham 2008, eq. 3.16).
  n = size(x, 1);
  y = f([x, e; zeros(n), x]);
  y = y(1:n, n+1:end);
end

function y = frechet_2(f, x, e, g)
% The second derivative of the matrix function f at x in the directions e and g (Higham and Relton 2014, theorem 3.5).
  n = size(x, 1);
  o = zeros(n);
  y = f([x, e, g, o; o, x, o, g; o, o, x, e; o, o, o, x]);
  y = y(1:n, 3*n+1:end);
end

function y = slope_(d, n)
% d(e) for every unit matrix e of size n as direction, with its two axes last.
  y = zeros(n, n, n, n);
  for k = 1:n
    for l = 1:n
      e = zeros(n);
      e(k, l) = 1;
      y(:, :, k, l) = d(e);
    end
  end
end

function y = slope_2(d, n)
% d(e, g) for all unit matrices e and g of size n as directions, with their axes last.
  y = zeros(n, n, n, n, n, n);
  for k = 1:n
    for l = 1:n
      e = zeros(n);
      e(k, l) = 1;
      y(:, :, k, l, :, :) = slope_(@(g) d(e, g), n);
    end
  end
end

function y = einsum_(inputs, output, varargin)
% The sum over all letters that are not in output of the product of arrays whose axes are named by inputs.
  letters = unique([output, inputs{:}], 'stable');
  y = 1;
  for k = 1:numel(inputs)
    names = inputs{k};
    array = varargin{k};
    places = arrayfun(@(c) find(letters == c), names);
    shape = ones(1, max(2, numel(letters)));
    for a = 1:numel(names)
      shape(places(a)) = size(array, a);
    end
    [places, order] = sort(places);
    if numel(names) > 1
      array = permute(array, order);
    end
    y = y .* reshape(array, shape);
  end
  for k = numel(letters):-1:numel(output) + 1
    y = sum(y, k);
  end
end

function y = each_(f, x, count)
% f of every matrix that the axes of x after the first ones, as many as count says, hold.
  front = arrayfun(@(axis) size(x, axis), 1:count);
  rows = size(x, count + 1);
  columns = size(x, count + 2);
  pages = reshape(x, prod(front), rows * columns);
  values = [];
  for place = 1:prod(front)
    value = f(reshape(pages(place, :), rows, columns));
    values(place, :) = value(:).';
  end
  y = reshape(values, [front, size(value)]);
end
