//! The tile of codes in the tile registers of AMX (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1,
//! chapter 18): four sums of 16 x 16, two registers for the rows, two for the columns, 64 codes deep a step. The compiler
//! knows these registers only as something an assembler block may overwrite, so the loop is written in assembler.
//!
//! Linux gives the registers to programs that ask (`arch_prctl`, `ARCH_REQ_XCOMP_PERM`); a refusal means that there is no
//! such kernel here.
#![allow(unsafe_code, reason = "AMX has no stable intrinsics; every block carries its proof")]

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _xgetbv, CpuidResult};
use std::cell::Cell;
use std::sync::OnceLock;

use super::{CODE_LANES, STEP};

/// The system call that manages processor features, the request for a feature's state, and the number of the tiles' state.
const ARCH_PRCTL: i64 = 158;
const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
const XFEATURE_XTILEDATA: u64 = 18;
/// The tiles' configuration and data in the mask of states the system saves.
const TILE_STATES: u64 = 1 << 17 | 1 << XFEATURE_XTILEDATA;

thread_local! {
    /// Open sessions of this thread.
    static N_OPEN: Cell<u32> = const { Cell::new(0) };
}

/// Palette 1 with all eight tiles at 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration([u8; 64]);

static CONFIGURATION: Configuration = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        bytes[16 + 2 * tile] = 64;
        bytes[48 + tile] = 16;
        tile += 1;
    }
    Configuration(bytes)
};

/// Whether processor and system let this program multiply tiles of bytes. Asked once.
pub fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        is_x86_feature_detected!("avx512f")
            && processor_has_tiles()
            && system_saves_tiles()
            && system_permits()
    })
}

/// AMX-TILE and AMX-INT8: bits 24 and 25 of EDX in leaf 7.
fn processor_has_tiles() -> bool {
    const BITS: u32 = 1 << 24 | 1 << 25;
    leaf(0).eax >= 7 && leaf(7).edx & BITS == BITS
}

/// What the processor says about itself.
#[allow(unused_unsafe, reason = "older compilers hold CPUID for unsafe")]
fn leaf(leaf: u32) -> CpuidResult {
    // SAFETY: every x86-64 processor has the instruction.
    unsafe { __cpuid_count(leaf, 0) }
}

fn system_saves_tiles() -> bool {
    // OSXSAVE: bit 27 of ECX in leaf 1.
    if leaf(1).ecx & 1 << 27 == 0 || !is_x86_feature_detected!("xsave") {
        return false;
    }
    // SAFETY: the system has switched XGETBV on (OSXSAVE, checked above).
    let states = unsafe { _xgetbv(0) };
    states & TILE_STATES == TILE_STATES
}

fn system_permits() -> bool {
    let answer: i64;
    // SAFETY: this system call changes nothing but the program's right to the tile registers; the kernel overwrites rax,
    // rcx and r11 alone, and touches no memory of ours.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

/// Configures this thread's tiles, once [`is_available`] said yes.
pub fn open() {
    let n_open = N_OPEN.get();
    N_OPEN.set(n_open + 1);
    if n_open == 0 {
        // SAFETY: a kernel of this instruction set exists only after `is_available`, so the registers are ours; 64 bytes
        // are read from the configuration.
        unsafe { asm!("ldtilecfg [{}]", in(reg) CONFIGURATION.0.as_ptr(), options(nostack, readonly)) };
    }
}

/// Gives the registers back with the thread's last session, so that switching threads need not save them.
pub fn close() {
    let n_open = N_OPEN.get().saturating_sub(1);
    N_OPEN.set(n_open);
    if n_open == 0 {
        // SAFETY: the registers are ours (see `open`), and no session of this thread uses them any more.
        unsafe {
            asm!(
                "tilerelease",
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, nomem),
            );
        }
    }
}

/// See [`super::CodeSession::products`].
///
/// # Safety
/// A session is open on this thread; `rows` points to 32 * `n_words` words, `columns` to 32 * (`n_words` + 1), `tile` to
/// 32 * 32, and `n_words` is a multiple of 16.
pub unsafe fn products(rows: *const i32, columns: *const i32, n_words: usize, tile: *mut i32) {
    let half = CODE_LANES / 2;
    // SAFETY: all offsets stay inside what the caller promises: the corrections are the last 32 words of the columns; the
    // second half of the rows begins after 16 of them, that of the tile after 16 of its rows. The loop runs n_words / 16
    // times: each round reads 16 words of each row and 16 * 32 words of the columns. It does not run at all for n_words = 0.
    unsafe {
        asm!(
            // Every row of the sums starts with the corrections: a stride of zero reads the same 64 bytes 16 times.
            "tileloadd tmm0, [{start} + {zero}*1]",
            "tileloadd tmm1, [{start} + {zero}*1 + 64]",
            "tileloadd tmm2, [{start} + {zero}*1]",
            "tileloadd tmm3, [{start} + {zero}*1 + 64]",
            "test {n_steps}, {n_steps}",
            "jz 3f",
            "2:",
            "tileloadd tmm6, [{columns} + {width}*1]",
            "tileloadd tmm4, [{upper} + {depth}*1]",
            "tileloadd tmm7, [{columns} + {width}*1 + 64]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{lower} + {depth}*1]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {upper}, 64",
            "add {lower}, 64",
            "add {columns}, 2048",
            "dec {n_steps}",
            "jnz 2b",
            "3:",
            "tilestored [{tile} + {width}*1], tmm0",
            "tilestored [{tile} + {width}*1 + 64], tmm1",
            "tilestored [{tile} + {width}*1 + 2048], tmm2",
            "tilestored [{tile} + {width}*1 + 2112], tmm3",
            start = in(reg) columns.add(CODE_LANES * n_words),
            zero = in(reg) 0_usize,
            columns = inout(reg) columns => _,
            upper = inout(reg) rows => _,
            lower = inout(reg) rows.add(half * n_words) => _,
            depth = in(reg) n_words * size_of::<i32>(),
            width = in(reg) CODE_LANES * size_of::<i32>(),
            n_steps = inout(reg) n_words / STEP => _,
            tile = in(reg) tile,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
