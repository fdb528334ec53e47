"""From words to arrays: the only door between the model and the kernels."""
