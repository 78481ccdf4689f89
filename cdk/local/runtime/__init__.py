"""Runs Lambda functions as Lambda does: a process per concurrent invocation, under AWS's own runtime client."""
