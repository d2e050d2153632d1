// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Glibc
import LinuxSystem
import Sandbox

/// The system call filter as the kernel takes it: classic BPF, eight bytes an instruction. It is built once, when the launcher starts.
struct SeccompFilter: ~Copyable {
    let instructions: UnsafeMutableRawPointer
    let count: Int

    deinit { instructions.deallocate() }

    /// Compiles the deny-list of ``DeniedCalls`` through libseccomp, as a binary tree: the kernel walks the filter once for every number
    /// when it is loaded, and a linear one costs half a millisecond there.
    ///
    /// - Parameters:
    ///   - reportsListen: each listen(2) waits until the filter's listener lets it go on; such a filter must be loaded with one.
    ///   - knowing: calls that are not answered as if the kernel had none of them.
    init(_ profile: SystemCallProfile, reportsListen: Bool, knowing: [String] = []) throws(SystemCallError) {
        let isStrict = profile == .strict
        try self.init(otherwise: DeniedCalls.allow, head: Self.head) { context throws(SystemCallError) in
            for name in DeniedCalls.always + (isStrict ? DeniedCalls.whenStrict : []) {
                try Self.add(context, DeniedCalls.error(EPERM), name)
            }
            for rule in isStrict ? DeniedCalls.byArgumentWhenStrict : DeniedCalls.byArgument {
                var comparisons = [scmp_arg_cmp(arg: rule.argument, op: rule.comparison, datum_a: rule.first, datum_b: rule.second)]
                if let and = rule.and {
                    comparisons.append(scmp_arg_cmp(arg: and.argument, op: SCMP_CMP_EQ, datum_a: and.value, datum_b: 0))
                }
                try Self.add(context, DeniedCalls.error(rule.errno), rule.name, comparisons)
            }
            for name in DeniedCalls.unknown where !knowing.contains(name) { try Self.add(context, DeniedCalls.error(ENOSYS), name) }
            if reportsListen { try Self.add(context, DeniedCalls.notify, "listen") }
        }
    }

    /// - Parameter otherwise: what happens to a call without a rule.
    init(otherwise: UInt32, rules: (scmp_filter_ctx) throws(SystemCallError) -> Void) throws(SystemCallError) {
        try self.init(otherwise: otherwise, head: [], rules: rules)
    }

    /// - Parameters:
    ///   - otherwise: what happens to a call without a rule.
    ///   - head: instructions in front of the rules.
    private init(otherwise: UInt32, head: [Instruction], rules: (scmp_filter_ctx) throws(SystemCallError) -> Void) throws(SystemCallError) {
        guard let context = seccomp_init(otherwise) else { throw SystemCallError(call: "seccomp_init", errno: ENOMEM) }
        defer { seccomp_release(context) }
        try Self.check("seccomp optimise", seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2))
        try Self.check("seccomp other architectures", seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, DeniedCalls.error(ENOSYS)))
        try rules(context)
        let file = try MemoryFile(name: "filter")
        try Self.check("seccomp_export_bpf", seccomp_export_bpf(context, file.descriptor.number))
        try systemCall("lseek") { lseek(file.descriptor.number, 0, SEEK_SET) }
        guard let bytes = try file.descriptor.readAll(limit: 4096 * 8), !bytes.isEmpty, bytes.count % 8 == 0 else {
            throw SystemCallError(call: "seccomp_export_bpf", errno: E2BIG)
        }
        let all = head.flatMap(\.bytes) + bytes
        instructions = .allocate(byteCount: all.count, alignment: 8)
        instructions.copyMemory(from: all, byteCount: all.count)
        count = all.count / 8
    }

    /// One instruction of classic BPF. Source: linux/filter.h.
    private struct Instruction {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var value: UInt32

        var bytes: [UInt8] {
            withUnsafeBytes(of: code.littleEndian, Array.init) + [ifTrue, ifFalse] + withUnsafeBytes(of: value.littleEndian, Array.init)
        }
    }

    /// What libseccomp has no words for, in front of its tree: a bound on the number of the call, and a list of values of which one must be.
    private static var head: [Instruction] {
        let (load, above, equal, answer): (UInt16, UInt16, UInt16, UInt16) = (0x20, 0x25, 0x15, 0x06)
        let values = DeniedCalls.personalities
        let number = UInt32(bitPattern: seccomp_syscall_resolve_name("personality"))
        var head = [
            Instruction(code: load, value: 0),
            Instruction(code: above, ifFalse: 1, value: DeniedCalls.highest),
            Instruction(code: answer, value: DeniedCalls.error(ENOSYS)),
            Instruction(code: equal, ifFalse: UInt8(values.count) + 2, value: number),
            Instruction(code: load, value: 16),
        ]
        for (index, value) in values.enumerated() {
            head.append(Instruction(code: equal, ifTrue: UInt8(values.count - index), value: value))
        }
        return head + [Instruction(code: answer, value: DeniedCalls.error(EPERM))]
    }

    /// A rule for one call; none where this machine has no such call.
    static func add(
        _ context: scmp_filter_ctx, _ action: UInt32, _ name: String, _ comparisons: [scmp_arg_cmp] = []
    ) throws(SystemCallError) {
        let number = seccomp_syscall_resolve_name(name)
        if number < 0 { return }
        try check("seccomp rule \(name)", seccomp_rule_add_array(context, action, number, UInt32(comparisons.count), comparisons))
    }

    private static func check(_ call: String, _ result: CInt) throws(SystemCallError) {
        if result < 0 { throw SystemCallError(call: call, errno: -result) }
    }
}
