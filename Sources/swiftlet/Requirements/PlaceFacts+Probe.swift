// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

extension PlaceFacts {
    /// Looks at the place where a host is to run, and tries what cannot be told by looking. Leaves nothing behind.
    ///
    /// - Parameter user: as it was asked for; nil for the usual one.
    static func probe(stateDirectory: String, addresses: [ListenAddress], user: String?, clock: Int) -> PlaceFacts {
        var facts = PlaceFacts(stateDirectory: stateDirectory, clock: clock)
        let folder = existingPart(of: stateDirectory)
        facts.stateProblem = access(folder, W_OK) == 0 ? nil : "\(folder): \(String(cString: strerror(errno)))"
        var disk = statvfs()
        if statvfs(folder, &disk) == 0 {
            facts.freeBytes = Int(clamping: UInt64(disk.f_bavail) &* UInt64(disk.f_frsize))
            // File systems without a table of files say 0 of 0.
            if disk.f_files > 0 { facts.freeFiles = Int(clamping: UInt64(disk.f_favail)) }
        }
        facts.stateFilesystem = filesystem(of: folder, mounts: HostFacts.text("/proc/self/mountinfo"))
        facts.addresses = addresses.map { ($0.description, bindProblem($0)) }
        facts.user = user.map { getpwnam($0) == nil ? nil : $0 } ?? ["swiftlet", "nobody"].first { getpwnam($0) != nil }
        if let user, getpwnam(user) == nil { facts.user = nil }
        facts.missingPrograms = missingPrograms()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            facts.descriptorLimit = Int(clamping: UInt64(limit.rlim_max))
        }
        facts.isClockKept = clockKeepers.contains { access($0, F_OK) == 0 }
        facts.userNamespaces = Int(HostFacts.text("/proc/sys/user/max_user_namespaces").filter { $0.isNumber })
        if access(FilterPlan.program, X_OK) == 0 { facts.packetFilter = FilterPlan.program }
        if geteuid() == 0 {
            facts.overlayProblem = Trial.overlay()
            facts.cgroupProblem = Trial.cgroups(mounts: HostFacts.text("/proc/self/mountinfo"))
        }
        return facts
    }

    /// What systemd-timesyncd, chrony and the two ntpds leave while they keep a clock.
    private static let clockKeepers = [
        "/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid", "/var/run/ntpd.sock",
    ]

    private static func existingPart(of path: String) -> String {
        var parts = path.split(separator: "/")
        while !parts.isEmpty, access("/" + parts.joined(separator: "/"), F_OK) != 0 { parts.removeLast() }
        return "/" + parts.joined(separator: "/")
    }

    /// The type of the mount that a path lies on: the longest mount point above it. Source: proc_pid_mountinfo(5).
    package static func filesystem(of path: String, mounts: String) -> String? {
        var best: (point: Substring, type: String)?
        for mount in mounts.split(separator: "\n") {
            guard let dash = mount.firstRange(of: " - ") else { continue }
            let head = mount[..<dash.lowerBound].split(separator: " ")
            guard head.count > 4, let type = mount[dash.upperBound...].split(separator: " ").first else { continue }
            let point = head[4]
            guard point == "/" || path == point || path.hasPrefix(point + "/") else { continue }
            // Of two mounts on the same point the later one lies on top.
            if point.utf8.count >= (best?.point.utf8.count ?? 0) { best = (point, String(type)) }
        }
        return best?.type
    }

    private static func missingPrograms() -> [String] {
        guard let own = try? LauncherStart.ownProgram(), let slash = own.lastIndex(of: "/") else { return ["swiftlet-launcher"] }
        let programs = ["swiftlet-launcher", "swiftlet-mold", "swiftlet-unpack", "swiftlet-inflate"]
        return programs.filter { access(String(own[...slash]) + $0, X_OK) != 0 }
    }

    /// - Returns: nil where the address can be had.
    private static func bindProblem(_ address: ListenAddress) -> String? {
        if address.port == 0 { return nil }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let error = getaddrinfo(address.host, "\(address.port)", &hints, &found)
        guard error == 0, let first = found?.pointee else { return String(cString: gai_strerror(error)) }
        defer { freeaddrinfo(found) }
        let descriptor = socket(first.ai_family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        var one: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        return bind(descriptor, first.ai_addr, first.ai_addrlen) == 0 ? nil : String(cString: strerror(errno))
    }
}
