// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// The files that differ from instance to instance, `/etc/hosts` and `/etc/hostname`. They lie on one small file system of the launcher: one for
/// each instance would have to be taken down while a request waits, and that waits for the kernel.
final class InstanceFiles {
    private let tree: Descriptor

    /// - Precondition: the working folder is `run`, and `trees` is in it.
    init() throws(SystemCallError) {
        let options = [MountOption("size", "128m"), MountOption("nr_inodes", "32768"), MountOption("mode", "0700")]
        tree = try newMount("tmpfs", options: options, attributes: [.noSetuid, .noDevices, .noExecution])
        try makeDirectory(currentDirectory, "trees/files", mode: 0o700)
        try tree.attach(at: currentDirectory, "trees/files")
    }

    /// Detached read-only trees of single files, by the place that they are for.
    ///
    /// - Parameter resolver: `/etc/resolv.conf` of an instance that reaches a name server; the others have that of ``MountPoints``.
    func make(for id: InstanceID, hostname: String, resolver: String?) throws(SystemCallError) -> [String: Descriptor.Box] {
        let hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\t\(hostname)\n"
        var trees: [String: Descriptor.Box] = [:]
        let own = [("hosts", hosts), ("hostname", hostname + "\n")] + (resolver.map { [("resolv.conf", $0)] } ?? [])
        for (name, text) in own {
            try MountPoints.write(tree.number, "\(id).\(name)", text)
            let file = try cloneTree(tree.number, "\(id).\(name)")
            try file.restrict(.readOnly)
            trees["/etc/\(name)"] = Descriptor.Box(file)
        }
        return trees
    }

    /// When the instance has ended. Files that are not there are no error.
    func remove(_ id: InstanceID) throws(SystemCallError) {
        for name in ["hosts", "hostname", "resolv.conf"] {
            do { try removeFile(tree.number, "\(id).\(name)") } catch  where error.errno == ENOENT {}
        }
    }
}
