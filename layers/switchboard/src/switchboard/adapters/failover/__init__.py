"""Several vendors behind one port: the first healthy one serves, the next one takes over."""
