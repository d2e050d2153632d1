// SPDX-License-Identifier: Apache-2.0

/// A timer trigger that is enabled, as the host runs it.
public struct RoutedTimer: Hashable, Sendable {
    /// Of the trigger; one that is deleted and created again has another one.
    public var id: String
    public var name: String
    public var qualifier: String
    public var timer: TimerTrigger
    /// When it was made, or last changed.
    public var since: Timestamp

    public init(id: String, name: String, qualifier: String, timer: TimerTrigger, since: Timestamp) {
        self.id = id
        self.name = name
        self.qualifier = qualifier
        self.timer = timer
        self.since = since
    }
}
