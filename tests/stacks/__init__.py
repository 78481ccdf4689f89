"""The infrastructure: components' rules, synthesised templates, and the checks that judge them."""
