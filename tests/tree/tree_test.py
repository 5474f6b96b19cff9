"""What the source tree promises about itself: sizes, the direction of imports, no leftovers."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES_MAX = 400
# What a folder of src/ may include, besides itself and include/outbox.
MAY_INCLUDE = {
    "base": set(),
    "store": {"base"},
    "kafka": {"base"},
    "relay": {"base", "store", "kafka"},
    "inbox": {"base", "store", "kafka"},
    "service": {"base", "store", "kafka", "relay"},
    "salvage": {"base", "store", "service"},
    "audit": {"base", "kafka", "inbox"},
    "cli": {"base", "store", "kafka", "relay", "inbox", "service", "salvage", "audit"},
}
# The relay's core is pure: it decides, others do.
CORE_FILES = ("core", "lane.", "partition.", "window.", "limits.")
CORE_NEVER = re.compile(
    r'#include\s+["<](rocksdb/|librdkafka/|store/store\.h|kafka/producer|thread>|mutex>)')
INCLUDE = re.compile(r'^#include "([a-z_]+)/', re.MULTILINE)
# Spelled apart, so that this file does not hold them.
LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATHS = re.compile(r"/(work|root|home)/[a-z]")
# README.md's table: a test or a mutant in backquotes, a case in quotes after its program.
NAMED = re.compile(r"`((?:kafka|unit|crash|cli|model|mock)\b[a-z_0-9*]*|[a-z]+(?:_[a-z]+)+)`")
CASE_NAMED = re.compile(r'` "([^"*]+)\*?"')
CASE = re.compile(r'^TEST_CASE\(\s*"([^"]+)', re.MULTILINE)
MUTANT = re.compile(r'^OUTBOX_MUTANT\(\w+, "(\w+)"', re.MULTILINE)
TEXT = {".cc", ".h", ".inc", ".py", ".md", ".txt", ".cmake", ".in", ".json", ".xml", ""}


def files(*folders, suffixes=TEXT):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if (path.is_file() and path.suffix in suffixes
                    and not {"__pycache__", "fixtures"} & set(path.parts)):
                yield path


def ours():
    yield from files("include", "src", "tests", "bench", "examples", "scripts", "docs", "cmake",
                     ".ci")
    for name in ("README.md", "CMakeLists.txt", "CMakePresets.json"):
        yield ROOT / name


class TreeTest(unittest.TestCase):
    def none(self, found):
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_no_long_files(self):
        self.none([f"{path.relative_to(ROOT)}: more than {LINES_MAX} lines"
                   for path in files("include", "src", suffixes={".h", ".cc"})
                   if len(path.read_text().splitlines()) > LINES_MAX])

    def test_imports_point_one_way(self):
        found = []
        for folder, allowed in MAY_INCLUDE.items():
            for path in files(f"src/{folder}", suffixes={".h", ".cc"}):
                wrong = set(INCLUDE.findall(path.read_text())) & set(MAY_INCLUDE) - allowed
                found += [f"{path.relative_to(ROOT)} includes {other}/"
                          for other in sorted(wrong - {folder})]
        self.none(found)

    def test_the_public_headers_stand_alone(self):
        self.none([f"{path.relative_to(ROOT)} includes {other}/"
                   for path in files("include", suffixes={".h"})
                   for other in INCLUDE.findall(path.read_text()) if other != "outbox"])

    def test_the_core_is_pure(self):
        core = [path for path in files("src/relay", suffixes={".h", ".cc"})
                if path.name.startswith(CORE_FILES)]
        self.assertGreater(len(core), 10)
        self.none([f"{path.relative_to(ROOT)}: {CORE_NEVER.search(path.read_text())[0]}"
                   for path in core if CORE_NEVER.search(path.read_text())])

    def test_every_folder_explains_itself(self):
        self.none([f"src/{folder}/README.md is missing" for folder in MAY_INCLUDE
                   if not (ROOT / "src" / folder / "README.md").is_file()])

    def test_every_folder_is_known(self):
        folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
        self.assertEqual(folders, set(MAY_INCLUDE))

    def test_what_the_end_to_end_table_names_is_there(self):
        done = subprocess.run(["ctest", "-N", "--test-dir", os.environ["OUTBOX_BUILD_DIR"]],
                              capture_output=True, text=True, check=True)
        tests = re.findall(r"Test +#\d+: (\w+)", done.stdout)
        cases = [name for path in files("tests", suffixes={".cc"})
                 for name in CASE.findall(path.read_text())]
        there = set(MUTANT.findall((ROOT / "src/base/mutants.inc").read_text())) | set(tests)
        # The last column alone: others hold settings, too.
        shown = [line.split("|")[-2] for line in (ROOT / "README.md").read_text().splitlines()
                 if line.count("|") == 5 and "`" in line.split("|")[-2]]
        named = [name for cell in shown for name in NAMED.findall(cell)]
        self.assertGreater(len(named), 30)
        self.none([f"README.md names {name}: no such test or mutant" for name in named
                   if not any(other.startswith(name.rstrip("*")) and
                              (name.endswith("*") or other == name) for other in there)])
        self.none([f'README.md names "{name}": no such case' for cell in shown
                   for name in CASE_NAMED.findall(cell)
                   if not any(other.startswith(name) for other in cases)])

    def test_no_leftovers_and_no_machine_paths(self):
        found = []
        for path in ours():
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if LEFTOVERS.search(line) or MACHINE_PATHS.search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
        self.none(found)


if __name__ == "__main__":
    unittest.main()
