"""What compiled expressions work with: values, frames, operators and errors."""
