"""The compiled parts of what judges texts and pages. They are compiled once and kept as machine code
(`cleaner.machine`), so a warm start needs no compiler.

Every kernel reads and writes arrays that its caller made, and says in its docstring which ones it fills.
"""
