"""Pure translation between a wire's messages and our values, one module per wire."""
