"""Our constructs: each has our defaults built in and acknowledges its own findings beside the resource."""
