//! Loops over plain slices, the only place with SIMD. Knows nothing of tensors, devices or files.

pub(super) mod depthwise;

/// The widest instruction set the kernels (ours and the matrix products') may use here, for people to read.
pub(super) fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return "AVX-512";
    } else if has_avx2_and_fma() {
        return "AVX2";
    }
    if cfg!(target_arch = "x86_64") {
        "SSE2"
    } else if cfg!(target_arch = "aarch64") {
        "NEON"
    } else {
        "portable"
    }
}

/// Whether functions compiled for AVX2 and FMA may be called.
#[cfg(target_arch = "x86_64")]
fn has_avx2_and_fma() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}
