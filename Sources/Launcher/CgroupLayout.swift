// SPDX-License-Identifier: Apache-2.0

/// A controller that instances are held by.
enum CgroupController: String, CaseIterable, Sendable { case memory, pids, cpu }

/// Where each controller is on this machine: on a hierarchy of its own (v1) or on the unified one (v2). A machine may mix both.
struct CgroupLayout: Equatable, Sendable {
    var v1: [CgroupController: String] = [:]
    var v2: (path: String, controllers: [CgroupController])?

    /// - Parameters:
    ///   - mounts: the text of `/proc/self/mounts`.
    ///   - unifiedControllers: the words of `cgroup.controllers` at the root of a v2 mount.
    init(mounts: String, unifiedControllers: (String) -> String) {
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count >= 4 else { continue }
            if fields[2] == "cgroup" {
                let options = fields[3].split(separator: ",")
                for controller in CgroupController.allCases where options.contains(Substring(controller.rawValue)) {
                    if v1[controller] == nil { v1[controller] = fields[1] }
                }
            } else if fields[2] == "cgroup2", v2 == nil {
                let words = unifiedControllers(fields[1]).split { $0 == " " || $0 == "\n" }
                v2 = (fields[1], CgroupController.allCases.filter { words.contains(Substring($0.rawValue)) })
            }
        }
    }

    var missing: [CgroupController] {
        CgroupController.allCases.filter { v1[$0] == nil && !(v2?.controllers.contains($0) ?? false) }
    }

    static func == (left: CgroupLayout, right: CgroupLayout) -> Bool {
        left.v1 == right.v1 && left.v2?.path == right.v2?.path && left.v2?.controllers == right.v2?.controllers
    }
}
