// SPDX-License-Identifier: Apache-2.0

/// What was found where a host is to run: its folder, its address, its user, its clock.
package struct PlaceFacts: Sendable {
    package var stateDirectory: String
    /// Bytes and files for which there is room there; nil where it cannot be told.
    package var freeBytes: Int?
    package var freeFiles: Int?
    /// As /proc/self/mountinfo names it, for example `ext4`.
    package var stateFilesystem: String?
    /// Why the folder cannot be written to; nil where it can.
    package var stateProblem: String?
    /// Addresses to listen on, with why one cannot be had; nil where it can.
    package var addresses: [(address: String, problem: String?)] = []
    /// The user that the daemon is to run as; nil where there is none.
    package var user: String?
    /// Where `swiftlet-launcher`, `swiftlet-mold`, `swiftlet-unpack` and `swiftlet-inflate` were looked for, of those that are missing.
    package var missingPrograms: [String] = []
    package var descriptorLimit: Int?
    /// Seconds since 1970, UTC.
    package var clock: Int
    /// Whether something was found that keeps the clock in step; nil where nobody looked.
    package var isClockKept: Bool?
    /// Why an overlay could not be mounted on a trial; nil where it could, or was not tried for want of root.
    package var overlayProblem: String?
    /// Why no cgroup could be made on a trial; nil as above.
    package var cgroupProblem: String?
    /// From /proc/sys/user/max_user_namespaces.
    package var userNamespaces: Int?
    /// Where `nft` is; nil where it is not.
    package var packetFilter: String?

    package init(stateDirectory: String, clock: Int) {
        self.stateDirectory = stateDirectory
        self.clock = clock
    }
}
