//! CUDA's capability, streams and graphs: a graph launches all that a training step does at once,
//! where launching piece by piece takes longer than the pieces.

use anyhow::Result;

/// What a build without CUDA's headers has: no device can do anything.
#[cfg(not(libtorch_has_cuda_headers))]
mod absent {
    use anyhow::{Result, bail};

    const ABSENT: &str = "this petite was built without CUDA's headers";

    pub fn capability(_device: usize) -> Result<(i32, i32)> {
        bail!(ABSENT)
    }

    pub fn use_own_stream(_device: usize) -> Result<()> {
        bail!(ABSENT)
    }

    /// Cannot be made.
    #[derive(Debug)]
    pub enum Graph {}

    impl Graph {
        pub fn capture(_work: impl FnOnce() -> Result<()>) -> Result<Self> {
            bail!(ABSENT)
        }

        pub fn replay(&self) -> Result<()> {
            match *self {}
        }
    }
}

#[cfg(libtorch_has_cuda_headers)]
mod present {
    use crate::native::check;
    use anyhow::{Context, Result};
    use std::ffi::{c_char, c_int, c_void};
    use std::ptr::NonNull;

    unsafe extern "C" {
        fn petite_cuda_capability(
            device: c_int,
            major: *mut c_int,
            minor: *mut c_int,
        ) -> *mut c_char;
        fn petite_cuda_use_own_stream(device: c_int) -> *mut c_char;
        fn petite_cuda_graph_begin(graph: *mut *mut c_void) -> *mut c_char;
        fn petite_cuda_graph_end(graph: *mut c_void) -> *mut c_char;
        fn petite_cuda_graph_replay(graph: *mut c_void) -> *mut c_char;
        fn petite_cuda_graph_free(graph: *mut c_void);
    }

    pub fn capability(device: usize) -> Result<(i32, i32)> {
        let (mut major, mut minor) = (0, 0);
        // SAFETY: both places live until the call returns.
        check(unsafe { petite_cuda_capability(c_int::try_from(device)?, &mut major, &mut minor) })
            .with_context(|| format!("cannot ask cuda:{device} what it can do"))?;
        Ok((major, minor))
    }

    pub fn use_own_stream(device: usize) -> Result<()> {
        // SAFETY: it takes a number, which libtorch checks.
        check(unsafe { petite_cuda_use_own_stream(c_int::try_from(device)?) })
            .with_context(|| format!("cannot make a stream on cuda:{device}"))
    }

    #[derive(Debug)]
    pub struct Graph(NonNull<c_void>);

    impl Graph {
        pub fn capture(work: impl FnOnce() -> Result<()>) -> Result<Self> {
            let mut graph = std::ptr::null_mut();
            // SAFETY: on success `graph` is a new graph, owned from here on.
            check(unsafe { petite_cuda_graph_begin(&mut graph) }).context("cannot record")?;
            let graph = Self(NonNull::new(graph).context("libtorch made no graph")?);
            let worked = work();
            // Recording ends whether the work succeeded or not, else the stream stays unusable.
            // SAFETY: `graph` is alive and recording.
            let ended = check(unsafe { petite_cuda_graph_end(graph.0.as_ptr()) });
            worked?;
            ended.context("cannot end the recording")?;
            Ok(graph)
        }

        pub fn replay(&self) -> Result<()> {
            // SAFETY: `self.0` is alive and recorded.
            check(unsafe { petite_cuda_graph_replay(self.0.as_ptr()) }).context("cannot replay")
        }
    }

    impl Drop for Graph {
        fn drop(&mut self) {
            // SAFETY: it is owned and not used after.
            unsafe { petite_cuda_graph_free(self.0.as_ptr()) }
        }
    }
}

#[cfg(not(libtorch_has_cuda_headers))]
use absent as chosen;
#[cfg(libtorch_has_cuda_headers)]
use present as chosen;

/// What was launched during a recording, to be launched again as a whole: on the same memory, so
/// what it reads is filled in before and what it writes is read after.
#[derive(Debug)]
pub struct Graph(chosen::Graph);

impl Graph {
    /// Records what `work` launches on this thread's stream; nothing of it is run.
    ///
    /// # Errors
    /// If something in it cannot be recorded, such as waiting for the device. Nothing has been run
    /// then either.
    pub fn capture(work: impl FnOnce() -> Result<()>) -> Result<Self> {
        chosen::Graph::capture(work).map(Self)
    }

    /// Launches it.
    ///
    /// # Errors
    /// If CUDA refuses.
    pub fn replay(&self) -> Result<()> {
        self.0.replay()
    }
}

/// The compute capability of a CUDA device, such as (9, 0).
///
/// # Errors
/// If there is no such device, or petite was built without CUDA's headers.
pub fn capability(device: usize) -> Result<(i32, i32)> {
    chosen::capability(device)
}

/// Moves this thread's work on a CUDA device to a stream that a graph can be recorded from.
///
/// # Errors
/// If there is no such device, or petite was built without CUDA's headers.
pub fn use_own_stream(device: usize) -> Result<()> {
    chosen::use_own_stream(device)
}
