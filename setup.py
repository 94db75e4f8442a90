"""What setup.cfg cannot say: the README as a package index shows it.

An index has no files beside the README, so pictures and links into the repository would
lead nowhere there: pictures go, with a caption below them; of a link its text stays.
"""

import pathlib
import re

import setuptools

readme = pathlib.Path(__file__).with_name("README.md").read_text("utf-8")
ELSEWHERE = r"\((?!https?://)[^)]*\)"
readme = re.sub(rf"!\[[^]]*\]{ELSEWHERE}\n+(\*[^*]+\*\n+)?", "", readme)
readme = re.sub(rf"\[([^]]*)\]{ELSEWHERE}", r"\1", readme)
setuptools.setup(long_description=readme, long_description_content_type="text/markdown")
