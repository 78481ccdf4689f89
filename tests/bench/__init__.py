"""How much the gateway costs and how late it is, at wire level: `python -m tests.bench`."""
