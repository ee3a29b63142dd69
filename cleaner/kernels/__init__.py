"""The compiled parts of the text engine. Import its modules (but `kinds`) inside functions: they bring numba along.

Every kernel reads and writes arrays that its caller made, and says in its docstring which ones it fills.
"""
