"""The models of the zoo again, in the plain style of public guides and tutorials.

They are written to be read beside their sources, not to be fast: what a user would
have without kerasgen. What differs from the zoo's algorithm is said in each file.
"""
