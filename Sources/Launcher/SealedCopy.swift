// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// The launcher runs from a sealed copy of its file in memory. Whatever a function does with `/proc/self/exe` of a process that has not yet
/// executed the function's program, the file on the host's disk is not what it reaches, and the copy cannot be changed (CVE-2019-5736).
enum SealedCopy {
    static func isRunning() throws(SystemCallError) -> Bool {
        MemoryFile.isSealed(try openAt(currentDirectory, "/proc/self/exe", flags: O_RDONLY))
    }

    /// Copies this program and executes the copy; returns only by throwing. `swiftlet-unpack` and `swiftlet-inflate` are opened first, beside our own file, because the
    /// copy has no place on disk to find it from.
    static func execute(_ arguments: [String]) throws(SystemCallError) {
        let own = try openAt(currentDirectory, "/proc/self/exe", flags: O_RDONLY)
        let (unpacker, inflater) = (openBeside("swiftlet-unpack"), openBeside("swiftlet-inflate"))
        let copy = try MemoryFile(name: "swiftlet-launcher")
        while try systemCall("sendfile", { sendfile(copy.descriptor.number, own.number, nil, 1 << 24) }) > 0 {}
        try copy.seal()
        for program in [unpacker, inflater] where program >= 0 { try systemCall("fcntl F_SETFD") { fcntl(program, F_SETFD, 0) } }
        let name = arguments.first ?? "swiftlet-launcher"
        try OwnProcess.execute(
            copy.descriptor,
            arguments: [name, "--sealed-unpacker", "\(unpacker)", "--sealed-inflater", "\(inflater)"] + arguments.dropFirst())
    }

    /// -1 where it is not there; then only unpacking fails, and says so.
    private static func openBeside(_ program: String) -> CInt {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else { return -1 }
        let path = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { return -1 }
        return open(path[..<slash] + "/" + program, O_RDONLY | O_CLOEXEC)
    }
}
