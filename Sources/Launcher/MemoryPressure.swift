// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// The kernel's own measure of programs that wait for memory. It becomes ready, as an exception, when they have waited too long; at most once a second.
/// Source: Documentation/accounting/psi.rst.
final class MemoryPressure {
    let descriptor: Descriptor

    /// nil where this kernel does not measure it; what is parked is then bounded by its number alone.
    init?() {
        let file = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        descriptor = Descriptor(owning: file)
        // A tenth of a second of waiting within one second, both in microseconds.
        let condition = "some 100000 1000000"
        guard write(file, condition, condition.utf8.count + 1) > 0 else { return nil }
    }
}
