#!/usr/bin/env bash
#
# Builds, serves and tests Chunkbook. Every verb sets up what it needs and says what it installs;
# a second run finds it all there. `./build.sh` alone prints the verbs.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly ROOT=$PWD
readonly SETUP=$ROOT/.setup
readonly TOOLS=$SETUP/tools
readonly LOGS=$SETUP/logs
readonly ENGINE=$ROOT/www/public/engine
readonly WASM_TARGET=wasm32-unknown-unknown
readonly WASM_PACK_VERSION=0.15.1
readonly LLD_VERSION=22
export PATH="$TOOLS/bin:$PATH"

usage() {
  cat <<'USAGE'
usage: ./build.sh VERB

  serve [--port N]   build the page and serve it on localhost (port 8080 unless told)
  build              build dist/, a static site for any host
  test [PART...]     run the tests: native, wasm, web, e2e, oracle; all of them by default
  bench [--full]     measure the page against NumPy, Dask and h5wasm (--full: with 7.2 GB too)
  bench --native     measure the engine's kernels and scheduler by themselves
  check              formatting, clippy (native and wasm), TypeScript, lint, shellcheck
  setup              install what the other verbs need, without running them

environment:
  CHUNKBOOK_TOOLCHAIN=rustup|debian   which Rust builds the WebAssembly (found out by default)
  CHROMIUM=/path/to/chromium          which browser the tests drive
USAGE
}

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
fail() {
  printf 'build.sh: %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# --- Installing -----------------------------------------------------------------------------------

apt_updated=

# Installs Debian packages; false where there is no apt or a package is unknown to it.
apt_install() {
  have apt-get || return 1
  local as_root=()
  if ((EUID != 0)); then
    have sudo || return 1
    as_root=(sudo)
  fi
  say "Installing from apt: $*"
  if [[ -z $apt_updated ]]; then
    "${as_root[@]}" apt-get update -qq </dev/null || return 1
    apt_updated=yes
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "$@" </dev/null >&2
}

# Whether version $1 is at least $2.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

need_rust() {
  if ! have cargo || ! have rustc; then
    fail "Rust is missing. Install it with rustup (https://rustup.rs), or on Debian 12 with: apt-get install rustc-web cargo-web"
  fi
  local found wanted
  found=$(rustc --version | cut -d ' ' -f 2)
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  at_least "$found" "$wanted" ||
    fail "rustc $found is too old: Cargo.toml asks for $wanted. Update it with: rustup update stable"
}

# Rust components that `check` needs where rustup's minimal profile left them out.
need_component() { # component, the program it brings
  cargo "$2" --version >/dev/null 2>&1 && return
  have rustup || fail "cargo $2 is missing. Install it with your Rust distribution's own packages."
  say "Installing $1 with rustup"
  rustup component add "$1" </dev/null || fail "rustup could not add $1."
}

# --- The toolchain that builds WebAssembly with threads -------------------------------------------
#
# Shared memory needs a standard library built with atomics, so it needs Rust's own sources. rustup
# brings them (`rust-src`); on Debian 12, where it may not be able to, the packages rustc-web,
# cargo-web and rust-web-src do, with a compiler of their own that is used for WebAssembly only.

wasm_toolchain= # rustup or debian
wasm_linker=    # for debian, which ships no rust-lld

sources_of() { [[ -f $("$1" --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock ]]; }

rustup_has_sources() { have rustc && sources_of rustc; }
debian_has_sources() {
  [[ -x /usr/bin/rustc && -x /usr/bin/cargo ]] && sources_of /usr/bin/rustc && find_linker
}

find_linker() {
  local rustup_linker
  rustup_linker=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
  if have "wasm-ld-$LLD_VERSION"; then
    wasm_linker=$(command -v "wasm-ld-$LLD_VERSION")
  elif [[ -x $rustup_linker ]]; then
    wasm_linker=$rustup_linker
  else
    return 1
  fi
}

add_rustup_sources() {
  # A failure is remembered with the toolchain it was for, so that a second run does not try again.
  local refused=$SETUP/rust-src-refused version
  have rustup || return 1
  version=$(rustc --version)
  [[ -f $refused && $(<"$refused") == "$version" ]] && return 1
  say "Installing rust-src with rustup (the standard library's sources, to build it with threads)"
  if rustup component add rust-src </dev/null && rustup_has_sources; then
    return
  fi
  mkdir -p "$SETUP"
  printf '%s\n' "$version" >"$refused"
  return 1
}

add_debian_sources() {
  apt_install rustc-web cargo-web rust-web-src || return 1
  find_linker || apt_install "lld-$LLD_VERSION" || return 1
  debian_has_sources
}

need_wasm_toolchain() {
  [[ -n $wasm_toolchain ]] && return
  local choice=${CHUNKBOOK_TOOLCHAIN:-}
  case $choice in
    rustup) rustup_has_sources || add_rustup_sources || no_wasm_toolchain ;;
    debian) debian_has_sources || add_debian_sources || no_wasm_toolchain ;;
    '')
      if rustup_has_sources; then
        choice=rustup
      elif debian_has_sources; then
        choice=debian
      elif add_rustup_sources; then
        choice=rustup
      elif add_debian_sources; then
        choice=debian
      else
        no_wasm_toolchain
      fi
      ;;
    *) fail "CHUNKBOOK_TOOLCHAIN is '$choice'; it can be rustup or debian." ;;
  esac
  wasm_toolchain=$choice
  if [[ $wasm_toolchain == debian ]]; then find_linker || no_wasm_toolchain; fi
}

no_wasm_toolchain() {
  fail "the sources of Rust's standard library are missing; threads in WebAssembly need it rebuilt.
  With rustup:       rustup component add rust-src
  On Debian 12:      apt-get install rustc-web cargo-web rust-web-src lld-$LLD_VERSION
                     (or run ./build.sh where it may install them: as root or with sudo)
  Anywhere else:     put the sources of your rustc in $(rustc --print sysroot)/lib/rustlib/src/rust"
}

# Runs a command with the environment that builds threaded WebAssembly. A target folder for each
# compiler, or they would rebuild each other's work.
with_wasm() {
  local settings=(
    RUSTC_BOOTSTRAP=1
    CARGO_UNSTABLE_BUILD_STD="panic_unwind,std"
    CARGO_UNSTABLE_BUILD_STD_FEATURES="panic-unwind,optimize_for_size"
    CARGO_TARGET_DIR="$ROOT/target/wasm-$wasm_toolchain"
  )
  if [[ $wasm_toolchain == debian ]]; then
    settings+=(
      PATH="$TOOLS/bin:/usr/bin:$PATH"
      RUSTC=/usr/bin/rustc
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$wasm_linker"
    )
  fi
  env "${settings[@]}" "$@"
}

# --- Programs -------------------------------------------------------------------------------------

# The glue generator must be of the very version that the engine is linked with.
wasm_bindgen_version() {
  awk '/^name = "wasm-bindgen"$/ { getline; gsub(/"/, "", $3); print $3 }' Cargo.lock
}

# Installs a program from crates.io, unless one of that exact version is on the PATH.
need_crate() { # program, crate, version
  if have "$1" && [[ $("$1" --version) == *" $3" ]]; then return; fi
  say "Installing $2 $3 from crates.io into .setup/tools (a few minutes, once)"
  local install=(cargo install --root "$TOOLS" --version "=$3" --force --quiet)
  "${install[@]}" --locked "$2" </dev/null ||
    { say "Its locked dependencies cannot all be had; taking compatible ones" &&
      "${install[@]}" "$2" </dev/null; } ||
    fail "cannot install $2 $3. Install it by hand: cargo install $2 --version $3"
}

need_wasm_bindgen() { need_crate wasm-bindgen wasm-bindgen-cli "$(wasm_bindgen_version)"; }
need_wasm_pack() { need_crate wasm-pack wasm-pack "$WASM_PACK_VERSION"; }

need_node() {
  if ! have node || ! have npm; then
    fail "Node.js is missing. Install version 20.19 or newer, with npm (https://nodejs.org)."
  fi
  at_least "$(node --version | tr -d v)" 20.19 ||
    fail "Node.js $(node --version) is too old: 20.19 or newer is needed."
}

need_node_modules() {
  need_node
  local lock
  lock=$(cksum www/package-lock.json www/package.json)
  local stamp=www/node_modules/.chunkbook-installed
  [[ -f $stamp && $(<"$stamp") == "$lock" ]] && return
  say "Installing the page's packages from npm into www/node_modules"
  npm --prefix www ci --no-audit --no-fund </dev/null >&2
  printf '%s\n' "$lock" >"$stamp"
}

find_browser() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [[ -n $name ]] && have "$name"; then
      CHROMIUM=$(command -v "$name")
      export CHROMIUM
      return
    fi
  done
  return 1
}

need_browser() {
  find_browser || { apt_install chromium && find_browser; } ||
    fail "Chromium is missing. Install it (on Debian: apt-get install chromium), or name one in CHROMIUM."
}

need_driver() {
  need_browser
  if ! have chromedriver && [[ -n ${CHROMEWEBDRIVER:-} ]]; then PATH="$CHROMEWEBDRIVER:$PATH"; fi
  have chromedriver || { apt_install chromium-driver && have chromedriver; } ||
    fail "chromedriver is missing. Install the one for $CHROMIUM (on Debian: apt-get install chromium-driver)."
}

# CPython with the real h5py, NumPy and Dask: the judge of our answers.
need_python() {
  local requirements=tests/oracle/requirements.txt venv=$SETUP/venv
  local stamp=$venv/.chunkbook-installed wanted
  wanted=$(cksum "$requirements")
  export CHUNKBOOK_PYTHON=$venv/bin/python
  [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && return
  have python3 || apt_install python3 python3-venv || fail "Python 3 is missing: install 3.11 or newer."
  say "Installing the Python packages of $requirements into .setup/venv"
  mkdir -p "$SETUP"
  python3 -m venv "$venv" >/dev/null 2>&1 ||
    { apt_install python3-venv && python3 -m venv --clear "$venv"; } ||
    fail "python3 cannot make a virtual environment: install its venv module (on Debian: apt-get install python3-venv)."
  "$CHUNKBOOK_PYTHON" -m pip install --quiet --disable-pip-version-check -r "$requirements" </dev/null
  printf '%s\n' "$wanted" >"$stamp"
}

# Dask draws its task graphs with it.
need_graphviz() {
  have dot || apt_install graphviz ||
    fail "Graphviz is missing: install it (on Debian: apt-get install graphviz)."
}

# --- Building -------------------------------------------------------------------------------------

# What the engine's module makes use of; wasm-opt takes nothing else for granted.
WASM_FEATURES=(
  threads mutable-globals bulk-memory bulk-memory-opt simd exception-handling sign-ext
  nontrapping-float-to-int reference-types multivalue extended-const
)

build_engine() {
  need_rust
  need_wasm_toolchain
  need_wasm_bindgen
  need_node_modules
  say "Building the engine for WebAssembly with the $wasm_toolchain toolchain"
  with_wasm cargo build --profile page --package chunkbook-page --target "$WASM_TARGET"
  local wasm=$ROOT/target/wasm-$wasm_toolchain/$WASM_TARGET/page/chunkbook_page.wasm
  # Functions in the order of their names, then without names: that puts those made of one generic function beside each
  # other, where gzip finds what they have in common (15 KB of 614).
  local smaller=(-Oz "${WASM_FEATURES[@]/#/--enable-}" --reorder-functions-by-name --strip-debug)
  local stamp=$SETUP/engine-built-from built
  built="$(cksum <"$wasm") $(wasm_bindgen_version) $(cksum <www/package-lock.json) ${smaller[*]}"
  [[ -f $ENGINE/chunkbook_bg.wasm && -f $stamp && $(<"$stamp") == "$built" ]] && return
  mkdir -p "$SETUP"
  rm -rf "$ENGINE" "$stamp"
  wasm-bindgen --target web --remove-producers-section --out-dir "$ENGINE" --out-name chunkbook "$wasm"
  say "Making the module smaller (half a minute)"
  www/node_modules/.bin/wasm-opt "${smaller[@]}" "$ENGINE/chunkbook_bg.wasm" -o "$ENGINE/chunkbook_bg.wasm"
  printf '%s\n' "$built" >"$stamp"
}

# The module of the reader workers: without threads, so with a standard library and a target folder of its own.
build_reader() {
  need_rust
  need_wasm_toolchain
  local flags=(
    -Cpanic=abort
    -Ctarget-feature=+bulk-memory,+simd128
    # As in .cargo/config.toml, whose flags these replace: the same loops are to be compiled in the same way.
    --cfg=page
    -Cllvm-args=-inline-threshold=10
    -Cllvm-args=-unroll-runtime=false
    -Cllvm-args=-unroll-allow-partial=false
    -Zlocation-detail=none
    -Clink-arg=--strip-all
    # 256 MiB. A thread that a reader serves has a piece of 4 MiB at most there, and for each column that it keeps some
    # forty bytes for each level of the tree of sums. Where that is too much the module ends, and everything is read.
    -Clink-arg=--max-memory=268435456
  )
  local target=$ROOT/target/reader-$wasm_toolchain
  say "Building the readers' module for WebAssembly"
  RUSTFLAGS=${flags[*]} with_wasm env CARGO_TARGET_DIR="$target" CARGO_UNSTABLE_BUILD_STD=panic_abort,std \
    CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size \
    cargo build --profile page --package chunkbook-reader --target "$WASM_TARGET"
  cp "$target/$WASM_TARGET/page/chunkbook_reader.wasm" www/reader/reader.wasm
}

build_site() {
  build_engine
  build_reader
  need_node_modules
  say "Building dist/"
  npm --prefix www run --silent build </dev/null
}

serve() {
  build_site
  exec node www/scripts/serve.mjs dist "$@"
}

# --- Checking -------------------------------------------------------------------------------------

check() {
  need_rust
  need_component rustfmt fmt
  need_component clippy clippy
  need_wasm_toolchain
  need_node_modules
  say "cargo fmt"
  cargo fmt --all --check
  say "clippy, native"
  cargo clippy --workspace --all-targets -- -D warnings
  say "clippy, WebAssembly"
  if [[ $wasm_toolchain == debian && ! -x /usr/bin/cargo-clippy ]]; then
    apt_install rust-web-clippy || fail "clippy for Debian's Rust is missing: apt-get install rust-web-clippy"
  fi
  # By its own name: `cargo clippy` would take rustup's before Debian's.
  with_wasm cargo-clippy clippy --workspace --lib --tests --target "$WASM_TARGET" -- -D warnings
  # By itself, because together they have all features.
  with_wasm cargo-clippy clippy --package chunkbook-reader --target "$WASM_TARGET" -- -D warnings
  say "TypeScript"
  npm --prefix www run --silent types
  say "Lint and formatting of the page"
  npm --prefix www run --silent lint
  if have shellcheck; then
    say "shellcheck"
    shellcheck build.sh .ci/run
  else
    say "shellcheck is not installed: shell scripts are not checked"
  fi
  say "All checks passed"
}

# --- Testing --------------------------------------------------------------------------------------
#
# Each part runs a test program, keeps its output in .setup/logs, and counts. A program that ends
# badly without naming a failed test (it did not compile, say) counts as one failure.

passed=0
failed=0
summary=()
unfinished=

tally() { # part, passed, failed, exit status, remark
  local part=$1 good=$2 bad=$3 status=$4 remark=${5:-}
  if ((status != 0 && bad == 0)); then bad=1; fi
  if ((good + bad == 0)); then
    bad=1
    remark=${remark:-no test ran}
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
  summary+=("$(printf '%-8s %5d passed %3d failed  %s' "$part" "$good" "$bad" "$remark")")
}

# Runs a command, shows its output and keeps it; the exit status is the command's.
logged() { # log name, command...
  local log=$LOGS/$1.log
  shift
  "$@" 2>&1 </dev/null | tee "$log"
}

# The sum of a number that stands before a word in lines such as `test result: ok. 3 passed; 0 failed`.
sum_before() { # word, log name
  { grep -E '^test result:' "$LOGS/$2.log" || true; } |
    awk -v word="$1" '{ for (i = 2; i <= NF; i++) if ($i ~ "^" word) sum += $(i - 1) } END { print sum + 0 }'
}

# A test program's closing line `N passed, N failed`.
closing_line() { # field (1 or 3), log name
  { grep -E '^[0-9]+ passed, [0-9]+ failed$' "$LOGS/$2.log" || true; } | tail -n 1 |
    awk -v field="$1" '{ n = $field } END { print n + 0 }'
}

tally_cargo() { # part, exit status
  local ignored remark=
  ignored=$(sum_before ignored "$1")
  if ((ignored > 0)); then remark="$ignored ignored"; fi
  tally "$1" "$(sum_before passed "$1")" "$(sum_before failed "$1")" "$2" "$remark"
}

test_native() {
  need_rust
  local status=0 limit=()
  # A test that hangs is stopped where it can be, rather than whoever waits for it.
  if have timeout; then limit=(timeout 1800); fi
  logged native "${limit[@]}" cargo test --no-fail-fast || status=$?
  tally_cargo native "$status"
}

test_wasm() {
  need_rust
  need_wasm_toolchain
  need_wasm_bindgen
  need_wasm_pack
  need_driver
  # The browser found here, in place of the one that webdriver.json names.
  export WASM_BINDGEN_TEST_WEBDRIVER_JSON=$SETUP/webdriver.json
  sed "s#/usr/bin/chromium#$CHROMIUM#" webdriver.json >"$WASM_BINDGEN_TEST_WEBDRIVER_JSON"
  local status=0
  # Unoptimised: wasm-pack also builds every native test for WebAssembly, which takes over a minute
  # after each change with link-time optimisation; and sizes of 32 bits are checked for overflow here.
  WASM_BINDGEN_TEST_TIMEOUT=${WASM_BINDGEN_TEST_TIMEOUT:-300} logged wasm with_wasm \
    wasm-pack test --headless --chrome --mode no-install -- --test 'wasm*' || status=$?
  tally_cargo wasm "$status"
}

test_web() {
  need_node_modules
  local types=0 status=0 report=$LOGS/web.json
  logged types npm --prefix www run --silent types || types=1
  rm -f "$report"
  logged web npm --prefix www run --silent test -- \
    --reporter=default --reporter=json --outputFile.json="$report" || status=$?
  tally web "$(vitest_count numPassedTests "$report")" "$(vitest_count numFailedTests "$report")" "$status" vitest
  tally types $((1 - types)) "$types" "$types" "tsc"
}

vitest_count() { # field, report
  node -p 'JSON.parse(fs.readFileSync(process.argv[2], "utf8"))[process.argv[1]]' "$1" "$2" 2>/dev/null || echo 0
}

test_e2e() {
  build_site
  need_browser
  need_python
  local status=0
  logged e2e node tests/e2e/run.mjs || status=$?
  tally e2e "$(closing_line 1 e2e)" "$(closing_line 3 e2e)" "$status" "$CHROMIUM"
}

test_oracle() {
  need_rust
  need_python
  need_graphviz
  need_node_modules
  say "Building the example programs that the oracle asks"
  cargo build --release --examples
  local script name status
  for script in tests/oracle/*.py; do
    # A script that ends with the closing line is a test; the others there make fixtures or survey files.
    grep -q '} passed, {.*} failed' "$script" || continue
    name=$(basename "$script" .py)
    status=0
    logged "oracle-$name" "$CHUNKBOOK_PYTHON" "$script" "$ROOT/target/release/examples/describe" || status=$?
    tally oracle "$(closing_line 1 "oracle-$name")" "$(closing_line 3 "oracle-$name")" "$status" "$name"
  done
}

run_tests() {
  local part parts=("$@")
  if ((${#parts[@]} == 0)); then parts=(native wasm web e2e oracle); fi
  for part in "${parts[@]}"; do
    [[ $part =~ ^(native|wasm|web|e2e|oracle)$ ]] ||
      fail "there is no test part '$part': native, wasm, web, e2e, oracle"
  done
  mkdir -p "$LOGS"
  trap 'report_tests $?' EXIT
  for part in "${parts[@]}"; do
    say "Tests: $part"
    unfinished=$part
    "test_$part"
    unfinished=
  done
}

# Also reached when a part could not even begin, because its set-up or build failed.
report_tests() { # exit status
  trap - EXIT
  if [[ -n $unfinished ]]; then tally "$unfinished" 0 0 "$1" "could not be run, nor what comes after it"; fi
  echo
  printf '%s\n' "${summary[@]}"
  echo "$passed passed, $failed failed"
  exit $((failed != 0))
}

# --------------------------------------------------------------------------------------------------

# The page in Chromium against what CPython has, in one interleaved run.
bench() {
  if [[ ${1:-} == --native ]]; then
    need_rust
    cargo bench --bench engine -- "${@:2}"
    return
  fi
  build_site
  need_browser
  need_python
  node tests/bench/run.mjs "$@"
}

setup() {
  need_rust
  need_component rustfmt fmt
  need_component clippy clippy
  need_wasm_toolchain
  need_wasm_bindgen
  need_wasm_pack
  need_node_modules
  need_driver
  need_python
  need_graphviz
  say "All set up: WebAssembly is built by the $wasm_toolchain toolchain"
}

main() {
  local verb=${1:-}
  if (($# > 0)); then shift; fi
  case $verb in
    serve) serve "$@" ;;
    build) build_site ;;
    test) run_tests "$@" ;;
    bench) bench "$@" ;;
    check) check ;;
    setup) setup ;;
    '' | help | -h | --help) usage ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
}

main "$@"
