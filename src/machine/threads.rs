//! How many threads to use, and on which cores.

use crate::native::backend::openmp_cores;
use rayon::ThreadPoolBuilder;
use std::sync::LazyLock;

/// Number of threads that this process can run at once, at least 1: its cores (affinity), or whole
/// cores of its CPU quota (control groups of version 1 and 2) if these are fewer.
pub fn available() -> usize {
    // The calling thread may be bound to one core.
    static AVAILABLE: LazyLock<usize> = LazyLock::new(|| {
        let count = || {
            spread();
            std::thread::available_parallelism().map_or(1, usize::from)
        };
        std::thread::spawn(count).join().unwrap_or(1)
    });
    *AVAILABLE
}

/// Lets the calling thread run on all cores of the process. With `OMP_PROC_BIND` or
/// `GOMP_CPU_AFFINITY`, OpenMP binds the main thread to one core when it is loaded, and the threads
/// that the main thread starts inherit that.
pub fn spread() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_setaffinity};
        let cores = openmp_cores();
        if cores.is_empty() {
            return;
        }
        let mut set = CpuSet::new();
        cores.iter().filter(|core| **core < CpuSet::MAX_CPU).for_each(|core| set.set(*core));
        // If it fails, the thread stays bound.
        let _ = sched_setaffinity(None, &set);
    }
}

/// A pool of `threads` threads on all cores of the process; 0 is as many as are [`available`].
pub(crate) fn pool(threads: usize) -> ThreadPoolBuilder {
    let threads = if threads == 0 { available() } else { threads };
    ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| spread())
}

/// The number of threads that libtorch should use unless a setting says otherwise: its own default,
/// one per core, but no more than [`available`] ones, since threads beyond the quota stop the others. A
/// number in the environment stays as it is.
pub fn of_libtorch() -> usize {
    let default = usize::try_from(tch::get_num_threads()).unwrap_or(1);
    let is_chosen = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some());
    if is_chosen { default } else { default.min(available()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_a_bound_thread_have_all_cores() {
        let all = available();
        assert!(all >= 1 && of_libtorch() >= 1);
        let inherited = std::thread::spawn(move || {
            spread();
            std::thread::available_parallelism().unwrap().get()
        });
        assert_eq!(inherited.join().unwrap(), all);
    }
}
