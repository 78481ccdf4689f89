"""What a caller wants, by rules over words: fast, deterministic, and there when no model is.

`rules.understand` is the entry. Lexicons are data: one phrase per entry, in the pattern language of `patterns`.
"""
