//! How long OpenMP's threads wait for each other awake.
//!
//! GNU's OpenMP lets a thread that has finished its share of an operation spin for some milliseconds
//! before it sleeps. Beside other work on the same cores, such as a second training or a browser, it
//! spins in the time of the thread it waits for, and both become several times slower. OpenMP reads the
//! number of spins when it is loaded, before `main`, and has no function that changes it.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

/// The number of spins, in the environment of the program.
const SPINS: &CStr = c"GOMP_SPINCOUNT=3000";

/// Variables by which the user has decided. The value of the second may mean more than the number.
const CHOSEN: [&[u8]; 2] = [b"GOMP_SPINCOUNT=", b"OMP_WAIT_POLICY="];

/// Largest environment that is extended, in variables.
const MOST: usize = 4096;

/// Runs before the constructors of the shared libraries: libtorch's, which take a quarter of a second,
/// run only in the program that this one is replaced by.
#[used]
#[unsafe(link_section = ".preinit_array")]
static BEFORE_LIBRARIES: extern "C" fn(c_int, *const *const c_char, *const *const c_char) =
    set_spins;

/// Starts the program anew with [`SPINS`] in its environment, unless the user has decided. If that is not
/// possible, the program goes on as it is. Libraries are linked but not initialized yet, so this
/// calls only what needs no initialization.
extern "C" fn set_spins(
    _count: c_int,
    arguments: *const *const c_char,
    variables: *const *const c_char,
) {
    let mut extended = [ptr::null(); MOST + 2];
    let mut count = 0;
    // SAFETY: the kernel ends both arrays with a null pointer and their strings with a NUL, and they
    // live as long as the process. AT_EXECFN is the path that this program was started by. If execve
    // returns, nothing has changed.
    unsafe {
        while let variable = *variables.add(count)
            && !variable.is_null()
        {
            let is_chosen =
                |name: &&[u8]| libc::strncmp(variable, name.as_ptr().cast(), name.len()) == 0;
            if count == MOST || CHOSEN.iter().any(is_chosen) {
                return;
            }
            extended[count] = variable;
            count += 1;
        }
        extended[count] = SPINS.as_ptr();
        let program = libc::getauxval(libc::AT_EXECFN) as *const c_char;
        if !program.is_null() {
            libc::execve(program, arguments, extended.as_ptr());
        }
    }
}
