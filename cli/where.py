"""What the options that say where the work is done have in common."""

ENGINE_HELP = "Where the work is done: 'local' (processes), 'ray' or 'dask'."
ADDRESS_HELP = "Of the cluster: Ray's head or Dask's scheduler. Without it, one is started on this machine."
