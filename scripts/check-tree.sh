#!/usr/bin/env bash
# check-tree.sh: what must hold for the files in the tree, whether they compile or not.
#   - no host name of a package registry (which one is used is the machine's configuration), no path of one machine
#   - src/base/error_codes.def and docs/errors/ name the same codes
#   - the shell scripts pass shellcheck, where it is installed
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$LEAT_ROOT"
failed=0
problem() {
    failed=1
    printf '%s\n' "$1" >&2
    [ -z "${2:-}" ] || sed 's/^/    /' <<<"$2" >&2
}

# In a checkout: what is committed or could be. In an unpacked archive: everything but the build.
files() {
    if [ -e .git ]; then
        # Somebody else's checkout (a mounted one, in CI) is no reason to refuse.
        git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
    else
        find . \( -name build -o -name __pycache__ -o -name .pytest_cache \) -prune -o -type f -printf '%P\0'
    fi
}
# A listed file may be deleted but not committed so, or being written at this moment.
search() { files | xargs -0 grep -nIE -d skip -e "$1" -- 2>/dev/null || true; }

# Written with [.], so that this file does not contain what it looks for.
hosts='registry[.]npmjs[.]org|registry[.]yarnpkg[.]com|pypi[.]org|pythonhosted[.]org|crates[.]io|proxy[.]golang[.]org'
hosts+='|sum[.]golang[.]org|repo1?[.]maven[.]|maven[.]org|repo[.]maven[.]apache|rubygems[.]org'
hosts+='|(deb|security|snapshot|ftp)[.]debian[.]org|archive[.]ubuntu[.]com|nodesource[.]com|conan[.]io'
hosts+='|(docker|ghcr|quay|gcr|jfrog)[.]io|pkg[.]dev'
found=$(search "$hosts")
[ -z "$found" ] || problem "host names of package registries:" "$found"

found=$(search '(^|[^[:alnum:]_.})-])/(root|work)([^[:alnum:]_-]|$)')
[ -z "$found" ] || problem "paths of one machine:" "$found"

codes_file=src/base/error_codes.def
if [ -e "$codes_file" ]; then
    codes=$(sed -nE 's/^LEAT_ERROR\(([A-Za-z0-9_]+),.*/\1/p' "$codes_file" | sort)
    headings=$(find docs/errors -name '*.md' -exec cat {} + | sed -nE 's/^## ([A-Z][A-Z0-9_]+)[[:space:]]*$/\1/p' | sort)
    [ -n "$codes" ] || problem "no codes found in $codes_file"
    found=$(printf '%s\n' "$codes" | uniq -d)
    [ -z "$found" ] || problem "twice in $codes_file:" "$found"
    found=$(printf '%s\n' "$headings" | uniq -d)
    [ -z "$found" ] || problem "twice in docs/errors/:" "$found"
    found=$(comm -23 <(printf '%s\n' "$codes" | uniq) <(printf '%s\n' "$headings" | uniq))
    [ -z "$found" ] || problem "error codes without a heading '## CODE' in docs/errors/:" "$found"
    found=$(comm -13 <(printf '%s\n' "$codes" | uniq) <(printf '%s\n' "$headings" | uniq))
    [ -z "$found" ] || problem "headings in docs/errors/ without such a code in $codes_file:" "$found"
else
    problem "$codes_file is missing"
fi

if command -v shellcheck >/dev/null; then
    mapfile -d '' -t scripts < <(files | grep -zE '(\.sh|^\.ci/run)$')
    shellcheck -S warning -x -P scripts "${scripts[@]}" >&2 || problem "shellcheck is not content"
elif [ "${CI:-}" = true ]; then
    problem "shellcheck is not installed"
fi
exit "$failed"
