// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Glibc
public import LinuxSystem

/// From here on this process reads what is open, writes to what is open, lends memory to its output, takes memory, and ends; it can open, make, send or start nothing.
///
/// The program's libraries are loaded by then, which the launcher's own filter cannot wait for. A call that is not allowed fails with EPERM.
public func allowOnlyLastCalls() throws(SystemCallError) {
    func check(_ call: String, _ result: CInt) throws(SystemCallError) {
        if result < 0 { throw SystemCallError(call: call, errno: -result) }
    }
    guard let context = seccomp_init(0x0005_0000 | UInt32(EPERM)) else { throw SystemCallError(call: "seccomp_init", errno: ENOMEM) }
    defer { seccomp_release(context) }
    let allow: UInt32 = 0x7fff_0000
    for name in ["read", "pread64", "write", "munmap", "madvise", "brk", "futex", "rt_sigreturn", "exit", "exit_group"] {
        try check("seccomp rule \(name)", seccomp_rule_add_array(context, allow, seccomp_syscall_resolve_name(name), 0, nil))
    }
    // Own memory for the output, and nothing of a pipe back into memory.
    let output = [
        scmp_arg_cmp(arg: 0, op: SCMP_CMP_EQ, datum_a: 1, datum_b: 0), scmp_arg_cmp(arg: 3, op: SCMP_CMP_EQ, datum_a: 0, datum_b: 0),
    ]
    try check("seccomp rule vmsplice", seccomp_rule_add_array(context, allow, seccomp_syscall_resolve_name("vmsplice"), 2, output))
    // Memory, and never any that can be executed.
    var notExecutable = scmp_arg_cmp(arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)
    try check("seccomp rule mmap", seccomp_rule_add_array(context, allow, seccomp_syscall_resolve_name("mmap"), 1, &notExecutable))
    try check("seccomp_load", seccomp_load(context))
}
