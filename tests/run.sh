#!/usr/bin/env bash
# Formatting, lints, every test in the release profile, documentation. On Debian-like systems a software Vulkan driver is
# installed when the rendering tests find none.
set -euo pipefail
cd "$(dirname "$0")/.."

vulkan_driver_present() {
    compgen -G '/usr/share/vulkan/icd.d/*.json' > /dev/null || compgen -G '/etc/vulkan/icd.d/*.json' > /dev/null
}

if [ "$(uname -s)" = Linux ] && ! vulkan_driver_present; then
    if command -v apt-get > /dev/null; then
        sudo=''
        [ "$(id -u)" = 0 ] || sudo='sudo'
        echo 'No Vulkan driver found: installing the software driver (mesa-vulkan-drivers).'
        $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mesa-vulkan-drivers libvulkan1
    else
        echo 'No Vulkan driver found. Install one (Mesa lavapipe will do) for the rendering tests.' >&2
    fi
fi

step() {
    echo
    echo "== $*"
    "$@"
}

step cargo fmt --check
step cargo clippy --release --all-targets -- -D warnings
step cargo test --release
RUSTDOCFLAGS='-D warnings' step cargo doc --release --no-deps
