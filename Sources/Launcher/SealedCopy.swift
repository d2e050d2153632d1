// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// The launcher, and the mold that instances are cloned from, run from sealed copies of their files in memory. Whatever a function does with `/proc/self/exe`
/// of a process that has not yet executed the function's program, the file on the host's disk is not what it reaches, and the copy cannot be changed
/// (CVE-2019-5736).
enum SealedCopy {
    static func isRunning() throws(SystemCallError) -> Bool {
        MemoryFile.isSealed(try openAt(currentDirectory, "/proc/self/exe", flags: O_RDONLY))
    }

    /// Copies this program and executes the copy; returns only by throwing. The other programs are opened first, beside our own file, because the copy has no
    /// place on disk to find them from.
    static func execute(_ arguments: [String]) throws {
        let own = try openAt(currentDirectory, "/proc/self/exe", flags: O_RDONLY)
        let (unpacker, inflater, mold) = (openBeside("swiftlet-unpack"), openBeside("swiftlet-inflate"), openBeside("swiftlet-mold"))
        guard mold >= 0 else {
            throw LauncherRefusal("swiftlet-mold is missing beside swiftlet-launcher: nothing can be started without it")
        }
        let copy = try copy(own, name: "swiftlet-launcher")
        let moldCopy = try Self.copy(Descriptor(owning: mold), name: "swiftlet-mold")
        for program in [unpacker, inflater, moldCopy.descriptor.number] where program >= 0 {
            try systemCall("fcntl F_SETFD") { fcntl(program, F_SETFD, 0) }
        }
        let name = arguments.first ?? "swiftlet-launcher"
        try OwnProcess.execute(
            copy.descriptor,
            arguments: [
                name, "--sealed-unpacker", "\(unpacker)", "--sealed-inflater", "\(inflater)", "--sealed-mold",
                "\(moldCopy.descriptor.number)",
            ] + arguments.dropFirst())
    }

    private static func copy(_ program: borrowing Descriptor, name: String) throws(SystemCallError) -> MemoryFile {
        let copy = try MemoryFile(name: name)
        let (from, to) = (program.number, copy.descriptor.number)
        while try systemCall("sendfile", { sendfile(to, from, nil, 1 << 24) }) > 0 {}
        try copy.seal()
        return copy
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
