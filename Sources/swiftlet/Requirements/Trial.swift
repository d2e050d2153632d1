// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// What cannot be told by looking, tried. Nothing of it is seen by anyone else or outlives the call.
enum Trial {
    /// Mounts two folders of the system over each other, nowhere.
    ///
    /// - Returns: why it did not work.
    static func overlay() -> String? {
        do {
            let mount = try newMount("overlay", options: [MountOption("lowerdir", "/usr:/etc")], attributes: [.readOnly])
            _ = consume mount
            return nil
        } catch { return "a trial mount failed: \(error)" }
    }

    /// - Parameter mounts: the text of /proc/self/mountinfo.
    /// - Returns: why no cgroup can be made in a hierarchy that has one of the controllers.
    static func cgroups(mounts: String) -> String? {
        for mount in mounts.split(separator: "\n") {
            guard let dash = mount.firstRange(of: " - ") else { continue }
            let head = mount[..<dash.lowerBound].split(separator: " ")
            let tail = mount[dash.upperBound...].split(separator: " ")
            guard head.count > 4, let type = tail.first, type == "cgroup" || type == "cgroup2" else { continue }
            let options = (tail.last ?? "").split(separator: ",").map(String.init)
            let isOurs = type == "cgroup" && HostRequirements.controllers.contains { options.contains($0) }
            if isOurs, access(String(head[4]), W_OK) != 0 { return "\(head[4]) cannot be written to: \(String(cString: strerror(errno)))" }
        }
        return nil
    }
}
