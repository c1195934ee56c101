//! Compiles the C++ of `src/native` against libtorch, and makes the binary find libtorch by itself: it
//! links all of it, and writes its folder into the binary (rpath), so that nothing needs
//! LD_LIBRARY_PATH. Crates that depend on this one learn that folder as `DEP_PETITE_LIBTORCH_LIB`.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The C++ files beside the Rust ones that compute by themselves.
const KERNELS: [&str; 3] = ["pool", "rmsprop", "thin_conv"];

/// Those that only call libtorch. Optimized further, they are no faster, and its templates take half as
/// long again.
const CALLS: [&str; 4] = ["backend", "conv_pool", "cuda", "torchscript"];

fn main() {
    // torch-sys says where its libtorch is (`links = "tch"`).
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    println!("cargo::rustc-check-cfg=cfg(libtorch_has_cuda, unoptimized)");
    // Debug assertions are no sign of it: this crate's own profile has both.
    if env::var("OPT_LEVEL").as_deref() == Ok("0") {
        println!("cargo::rustc-cfg=unoptimized");
    }
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
    // As a library, not as an argument: what depends on this crate links the kernels too.
    if let Some(openmp) = libtorch_openmp(lib) {
        let name = openmp.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("cargo::rustc-link-search=native={}", lib.display());
        println!("cargo::rustc-link-lib=dylib:+verbatim={name}");
    }

    // The link in the checkout resolves to the cache: the binary then survives a moved checkout.
    let resolved = lib.canonicalize().unwrap_or_else(|_| lib.to_path_buf());
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", resolved.display());
    // RPATH, not RUNPATH: it goes before LD_LIBRARY_PATH, with which clusters bring other libraries of
    // the same names.
    println!("cargo::rustc-link-arg=-Wl,--disable-new-dtags");
    // Link arguments are this package's own; a dependent's build script takes the folder from here.
    println!("cargo::metadata=LIBTORCH_LIB={}", resolved.display());
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
        println!("cargo::rustc-link-arg=-lc10_cuda");
    }
    println!("cargo::rustc-link-arg=-ltorch");
    println!("cargo::rustc-link-arg=-Wl,--as-needed");
}

/// Compiles `src/native` against the libtorch whose libraries are in `lib`.
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
        .flag_if_supported("-Wno-psabi")
        // GCC 12's own AVX-512 header gives rise to it (its bug 105593).
        .flag_if_supported("-Wno-maybe-uninitialized");
    // at::parallel_for is a template: without OpenMP here it runs on one thread.
    if libtorch_openmp(lib).is_some() && build.get_compiler().is_like_gnu() {
        build.flag("-fopenmp");
    }
    let path = |name| format!("src/native/{name}.cpp");
    build.clone().files(KERNELS.map(path)).compile("petite_kernels");
    build.opt_level(1).files(CALLS.map(path));
    if lib.join("libtorch_cuda.so").exists() {
        match cuda_headers(lib) {
            Some(headers) => {
                build.define("PETITE_HAS_CUDA_HEADERS", None);
                build.flag(format!("-isystem{}", headers.display()));
                let cccl = headers.join("cccl");
                if cccl.is_dir() {
                    build.flag(format!("-isystem{}", cccl.display()));
                }
            }
            None => println!(
                "cargo::warning=expected CUDA's headers beside libtorch or in CUDA_HOME, found none: training on a GPU then goes without bf16, TF32 and CUDA graphs; try scripts/fetch_libtorch.sh --device cuda"
            ),
        }
    }
    build.compile("petite_calls");
}

/// GNU's OpenMP runtime beside libtorch, whose threads are libtorch's own; a second one would start as
/// many again.
fn libtorch_openmp(lib: &Path) -> Option<PathBuf> {
    let names = lib.read_dir().ok()?.flatten();
    let mut found =
        names.filter(|entry| entry.file_name().to_string_lossy().starts_with("libgomp"));
    found.next().map(|entry| entry.path())
}

/// The folder of `cuda_runtime_api.h`: of the wheels beside libtorch, else of an installed CUDA.
fn cuda_headers(lib: &Path) -> Option<PathBuf> {
    println!("cargo::rerun-if-env-changed=CUDA_HOME");
    let beside = lib.canonicalize().ok()?.join("../../nvidia/cu13/include");
    let installed = env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("include"));
    [Some(beside), installed, Some("/usr/local/cuda/include".into())]
        .into_iter()
        .flatten()
        .find(|folder| folder.join("cuda_runtime_api.h").exists())
}
