// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What a host may leave on the machine: processes, mounts, cgroups.
enum Leftovers {
    static func expectNone(of state: String) async {
        var found = all(of: state)
        // The kernel needs a moment to take down what the last process held.
        for _ in 0..<100 where !found.isEmpty {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { break }
            found = all(of: state)
        }
        #expect(found.isEmpty, "the host left something behind")
    }

    static func all(of state: String) -> [String] {
        processes(of: state).map { "process \($0): \(commandLine($0).joined(separator: " "))" } + mounts(of: state) + cgroups(of: state)
    }

    /// Launcher, daemon and unpackers have the directory in their command line; instances are in the host's cgroups.
    static func processes(of state: String) -> [pid_t] {
        let name = cgroupName(of: state)
        return entries("/proc").compactMap { pid_t($0) }.filter { process in
            commandLine(process).contains(state) || text("/proc/\(process)/cgroup").contains("/\(name)")
        }
    }

    static func commandLine(_ process: pid_t) -> [String] {
        text("/proc/\(process)/cmdline").split(separator: "\0").map(String.init)
    }

    private static func mounts(of state: String) -> [String] {
        text("/proc/self/mountinfo").split(separator: "\n").filter { $0.contains(state) }.map { "mount \($0)" }
    }

    private static func cgroups(of state: String) -> [String] {
        let name = cgroupName(of: state)
        let places = text("/proc/self/mountinfo").split(separator: "\n").filter { $0.contains(" - cgroup") }
            .compactMap { $0.split(separator: " ").dropFirst(4).first.map(String.init) }
        return places.map { "\($0)/\(name)" }.filter { FileManager.default.fileExists(atPath: $0) }.map { "cgroup \($0)" }
    }

    /// As the launcher names it: FNV-1a of the directory's path.
    private static func cgroupName(of state: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in state.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "swiftlet-" + String(hash, radix: 16)
    }

    private static func entries(_ path: String) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: path) } catch { return [] }
    }

    /// Empty for what is gone meanwhile.
    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
