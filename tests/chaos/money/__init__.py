"""The money test: many orders through the whole shop, failures at every step, kills; then the books must agree."""
