"""Instances and plans in the forms of other tools: xarray and NetCDF, pandas, CSV, Parquet, JSON schema.

Every conversion is exact: an instance that goes out and comes back has the same digest. xarray, pandas and
pyarrow belong to the extra ``interop`` and are imported when they are first needed.
"""

from .files import INSTANCE_SUFFIXES, load_instance, save_instance
from .labelled import from_xarray, to_xarray
from .long_table import from_long_table, to_long_table
from .netcdf import load_netcdf, save_netcdf
from .plan_table import load_plan_csv, save_plan_csv
from .schema import instance_schema
from .table_files import load_table, save_table

__all__ = [
    "INSTANCE_SUFFIXES",
    "from_long_table",
    "from_xarray",
    "instance_schema",
    "load_instance",
    "load_netcdf",
    "load_plan_csv",
    "load_table",
    "save_instance",
    "save_netcdf",
    "save_plan_csv",
    "save_table",
    "to_long_table",
    "to_xarray",
]
