"""What `make check-cloud` asks of the synthesised templates."""
