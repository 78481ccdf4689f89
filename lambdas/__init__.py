"""One folder, one function, one role."""
