"""The functions of NumPy, SciPy, JAX and PyTorch: which expression each of them is."""
