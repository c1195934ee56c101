//! Where the work is done: device, threads, and the allocator's habits.

use crate::error::{ensure_or, fault};
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use tch::{Cuda, Device, Tensor};

/// What a person asks for with `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
pub enum DeviceChoice {
    /// The first CUDA device if there is one, else the CPU.
    #[default]
    Auto,
    Cpu,
    Cuda(usize),
    Mps,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "mps" => Ok(Self::Mps),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("expected auto, cpu, cuda, cuda:N or mps, found {text}")),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        match choice {
            DeviceChoice::Auto => "auto".to_owned(),
            DeviceChoice::Cpu => "cpu".to_owned(),
            DeviceChoice::Cuda(index) => format!("cuda:{index}"),
            DeviceChoice::Mps => "mps".to_owned(),
        }
    }
}

impl DeviceChoice {
    /// The device to work on.
    ///
    /// # Errors
    /// If the device asked for is not there: why, and what to do. Never another device instead.
    pub fn resolve(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto if Cuda::is_available() => Ok(Device::Cuda(0)),
            Self::Auto => Ok(Device::Cpu),
            Self::Cuda(index) => {
                if let Some(reason) = why_no_cuda() {
                    fault!(
                        Setting,
                        "expected a CUDA device for `device` cuda, found none: {reason}"
                    );
                }
                let count = Cuda::device_count();
                ensure_or!(
                    Setting,
                    (index as i64) < count,
                    "expected `device` cuda:0 to cuda:{}, found cuda:{index}",
                    count - 1
                );
                Ok(Device::Cuda(index))
            }
            Self::Mps => {
                ensure_or!(
                    Setting,
                    tch::utils::has_mps(),
                    "expected Apple's Metal for `device` mps, found none; try `device` cpu"
                );
                Ok(Device::Mps)
            }
        }
    }
}

/// Why there is no CUDA device, and what to try; `None` if there is one.
pub fn why_no_cuda() -> Option<&'static str> {
    if Cuda::is_available() && Cuda::device_count() > 0 {
        None
    } else if cfg!(libtorch_has_cuda) {
        Some(
            "libtorch has CUDA but sees no GPU; try nvidia-smi to check the driver (CUDA 13 needs 580 or newer) and CUDA_VISIBLE_DEVICES, or `device` cpu",
        )
    } else {
        Some(
            "this petite was built with libtorch for the CPU alone; try scripts/fetch_libtorch.sh --device cuda and cargo build, or `device` cpu",
        )
    }
}

/// The device in words: `cpu (2 threads)`, `cuda:0`.
pub fn describe(device: Device) -> String {
    match device {
        Device::Cpu => match tch::get_num_threads() {
            1 => "cpu (1 thread)".to_owned(),
            threads => format!("cpu ({threads} threads)"),
        },
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Mps => "mps".to_owned(),
        Device::Vulkan => "vulkan".to_owned(),
    }
}

/// Moves a tensor from the CPU to `device`. To CUDA it goes through pinned memory and is not waited
/// for: what is launched after it on the same thread finds it there.
///
/// # Errors
/// If the device is out of memory.
pub fn upload(tensor: &Tensor, device: Device) -> Result<Tensor> {
    Ok(if device.is_cuda() {
        tensor.f_pin_memory(device)?.f_to_device_(device, tensor.f_kind()?, true, false)?
    } else {
        tensor.f_to_device(device)?
    })
}

/// Memory that [`keep_freed_memory`] asks huge pages for, in bytes: what a training step needs and
/// more. It takes none until it is used.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HUGE: usize = 1 << 30;

/// Keeps freed memory in the process, and has it in huge pages where the system gives them on
/// request. glibc hands large blocks back to the system at every free and faults them in again at
/// the next step; and a step's tensors are tens of megabytes, thousands of small pages to look up.
/// To be called first in `main`.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets parameters of malloc, and madvise how a range of the heap is paged;
    // the block is freed once and not used. No other thread has started.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
        // The heap grows by it and keeps it, for the next blocks to be cut from.
        let block = libc::malloc(HUGE);
        if !block.is_null() {
            let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let start = (block as usize).next_multiple_of(page);
            let length = (HUGE - page) / page * page;
            // Refused where there are none; pages are then small.
            let _ = libc::madvise(start as *mut _, length, libc::MADV_HUGEPAGE);
            libc::free(block);
        }
    }
}
