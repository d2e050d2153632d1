// SPDX-License-Identifier: Apache-2.0

/// Several subscribers as one: each has a snapshot before the next one gets it.
public struct RoutingSubscribers: RoutingSubscriber {
    private let all: [any RoutingSubscriber]

    public init(_ all: [any RoutingSubscriber]) { self.all = all }

    public func publish(_ snapshot: RoutingSnapshot) async { for subscriber in all { await subscriber.publish(snapshot) } }
}
