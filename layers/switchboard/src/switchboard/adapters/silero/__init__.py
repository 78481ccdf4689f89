"""Silero: voice activity on the packaged ONNX model."""
