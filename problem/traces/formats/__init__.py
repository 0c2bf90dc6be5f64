"""Reading trace files: blocks of bytes, tables, one loader a family of formats."""
