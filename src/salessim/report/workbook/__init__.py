"""The workbook of a finished run: what a finance team opens, checks and sends on."""

from salessim.report.workbook.write import write_workbook

__all__ = ["write_workbook"]
