"""The text table: any row of ten million rows, in flat memory, and questions about all of them."""
