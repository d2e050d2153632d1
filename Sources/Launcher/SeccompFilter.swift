// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Glibc
import LinuxSystem

/// The system call filter as the kernel takes it: classic BPF, eight bytes an instruction. It is built once, when the launcher starts.
struct SeccompFilter: ~Copyable {
    let instructions: UnsafeMutableRawPointer
    let count: Int

    deinit { instructions.deallocate() }

    /// Compiles the deny-list of ``DeniedCalls`` through libseccomp, as a binary tree: the kernel walks the filter once for every number
    /// when it is loaded, and a linear one costs half a millisecond there.
    init() throws(SystemCallError) {
        func check(_ call: String, _ result: CInt) throws(SystemCallError) {
            if result < 0 { throw SystemCallError(call: call, errno: -result) }
        }
        guard let context = seccomp_init(DeniedCalls.allow) else { throw SystemCallError(call: "seccomp_init", errno: ENOMEM) }
        defer { seccomp_release(context) }
        try check("seccomp optimise", seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2))
        try check("seccomp other architectures", seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, DeniedCalls.error(ENOSYS)))
        for name in DeniedCalls.always {
            let number = seccomp_syscall_resolve_name(name)
            if number < 0 { continue }  // This machine has no such call.
            try check("seccomp rule \(name)", seccomp_rule_add_array(context, DeniedCalls.error(EPERM), number, 0, nil))
        }
        for rule in DeniedCalls.byArgument {
            var comparison = scmp_arg_cmp(arg: rule.argument, op: rule.comparison, datum_a: rule.first, datum_b: rule.second)
            let number = seccomp_syscall_resolve_name(rule.name)
            try check("seccomp rule \(rule.name)", seccomp_rule_add_array(context, DeniedCalls.error(rule.errno), number, 1, &comparison))
        }
        try check(
            "seccomp rule clone3",
            seccomp_rule_add_array(context, DeniedCalls.error(ENOSYS), seccomp_syscall_resolve_name("clone3"), 0, nil))
        try check(
            "seccomp rule listen", seccomp_rule_add_array(context, DeniedCalls.notify, seccomp_syscall_resolve_name("listen"), 0, nil))

        let file = try MemoryFile(name: "filter")
        try check("seccomp_export_bpf", seccomp_export_bpf(context, file.descriptor.number))
        try systemCall("lseek") { lseek(file.descriptor.number, 0, SEEK_SET) }
        guard let bytes = try file.descriptor.readAll(limit: 4096 * 8), !bytes.isEmpty, bytes.count % 8 == 0 else {
            throw SystemCallError(call: "seccomp_export_bpf", errno: E2BIG)
        }
        instructions = .allocate(byteCount: bytes.count, alignment: 8)
        instructions.copyMemory(from: bytes, byteCount: bytes.count)
        count = bytes.count / 8
    }
}
