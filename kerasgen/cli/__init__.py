"""The command line: one module a command, its flags beside what it does.

`command` names the commands and answers slips; every heavy import is inside a `main`.
`explorer_page` is the page that `explore` serves.
"""
