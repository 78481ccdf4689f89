"""The audio machines, as their tests specify them."""
