//! Makes the binary find libtorch by itself: links all of it, and writes where it lies into the
//! binary (rpath), so that nothing needs LD_LIBRARY_PATH.

use std::{env, path::Path};

/// The C++ files beside the Rust ones.
const NATIVE: [&str; 3] = ["backend", "pool", "rmsprop"];

fn main() {
    // torch-sys says where its libtorch is (`links = "tch"`).
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    println!("cargo::rustc-check-cfg=cfg(libtorch_has_cuda)");
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        println!(
            "cargo::error=expected a libtorch 2.11.0, found none; try scripts/fetch_libtorch.sh"
        );
        return;
    };
    let lib = Path::new(&lib);
    // fetch_libtorch.sh touches this file when it changes the flavour behind the link.
    println!("cargo::rerun-if-changed={}", lib.with_file_name("build-version").display());

    compile_native(lib);

    // The link in the checkout resolves to the cache: the binary then survives a moved checkout.
    let resolved = lib.canonicalize().unwrap_or_else(|_| lib.to_path_buf());
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", resolved.display());
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    // No symbol of libtorch_cuda is named by our code; without this the linker drops it and CUDA
    // looks absent.
    println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
    println!("cargo::rustc-link-arg=-L{}", resolved.display());
    if resolved.join("libtorch_cuda.so").exists() {
        println!("cargo::rustc-cfg=libtorch_has_cuda");
        println!("cargo::rustc-link-arg=-ltorch_cuda");
    }
    println!("cargo::rustc-link-arg=-ltorch");
    println!("cargo::rustc-link-arg=-Wl,--as-needed");
}

/// Compiles `src/native` against the libtorch in whose folder `lib` is.
fn compile_native(lib: &Path) {
    println!("cargo::rerun-if-changed=src/native");
    let include = lib.with_file_name("include");
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        .debug(false)
        // As system headers: their warnings are not ours.
        .flag(format!("-isystem{}", include.display()))
        .flag(format!("-isystem{}", include.join("torch/csrc/api/include").display()))
        // Rounding is libtorch's, operation by operation; sqrt sets no errno.
        .flag("-ffp-contract=off")
        .flag("-fno-math-errno")
        // Vectors never cross a border between objects.
        .flag_if_supported("-Wno-psabi");
    for name in NATIVE {
        build.file(format!("src/native/{name}.cpp"));
    }
    build.compile("petite_native");
}
