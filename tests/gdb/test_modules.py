"""Modules as gdb sees them: where their variables are, and those that are only half there."""
import ast
import collections


# {module: {name: [address]}}, evaluated in gdb; what has no debug information is left out.
VARIABLES = """
import gdb
recorded = %r
result, files = {}, {}
for objfile in gdb.objfiles():
    if objfile.filename and objfile.filename.endswith(".ko.debug"):
        files[objfile.filename.rpartition("/")[2][:-len(".ko.debug")].replace("-", "_")] = objfile
for module, names in recorded.items():
    for name in names:
        symbol = files[module].lookup_global_symbol(name) or files[module].lookup_static_symbol(name)
        if symbol and symbol.is_variable:
            result.setdefault(module, {})[name] = [int(symbol.value().address)]
            if symbol.symtab.filename.endswith(".c"):   # headers are of several
                result[module][name] += [int(gdb.parse_and_eval("&'%%s'::%%s" %% (symbol.symtab.filename, name)))]
print(result)
"""


def recorded_data(dump):
    """{module: {name: {address}}} of /proc/kallsyms."""
    found = {}
    for line in dump.oracle.text("proc/kallsyms").splitlines():
        address, letter, name, *module = line.split()
        if module and letter in "dDbBrR" and name.isidentifier():
            found.setdefault(module[0].strip("[]"), collections.defaultdict(set))[name].add(int(address, 16))
    return found


def test_variables_of_modules_are_where_the_guest_had_them(dump):
    """
    All of them, among them __this_module, which every module has (6.1). (Names that a module has more than once, in two of its files or
    two of its functions, may be any of these.)
    """
    recorded = recorded_data(dump)
    code = VARIABLES % {module: list(names) for module, names in recorded.items()}
    got = ast.literal_eval(dump.python("import gdb\ngdb.execute('kernel mod -S', to_string=True)\n" + code).splitlines()[-1])
    assert set(got) == set(recorded)
    assert sum(map(len, got.values())) > 500
    for module, variables in got.items():
        for name, addresses in variables.items():
            assert set(addresses) <= recorded[module][name], (module, name)
