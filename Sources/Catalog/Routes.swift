// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// The routes that were last published. Only one change at a time is made to it: ``TurnQueue`` sees to that.
actor Routes {
    private let subscriber: any RoutingSubscriber
    private var snapshot = RoutingSnapshot()
    /// What the subscriber routes by; behind ``snapshot`` while it takes over.
    private var published = RoutingSnapshot()

    init(subscriber: any RoutingSubscriber) { self.subscriber = subscriber }

    func replaceAll(_ functions: [String: FunctionRoute], domains: [String: CustomDomain]) async {
        snapshot = RoutingSnapshot(functions: functions, domains: domains)
        await publish()
    }

    /// - Parameter route: nil takes the function away.
    func replace(_ name: String, with route: FunctionRoute?) async {
        snapshot.functions[name] = route
        await publish()
    }

    /// - Parameter domain: nil takes it away.
    func replace(domain name: String, with domain: CustomDomain?) async {
        snapshot.domains[name] = domain
        await publish()
    }

    private func publish() async {
        await subscriber.publish(snapshot)
        published = snapshot
    }

    /// What calls of a function go by at this moment.
    func route(_ name: String) -> FunctionRoute? { published.functions[name] }

    var states: [FunctionRoute.State] { snapshot.functions.values.map(\.state) }

    /// Functions that cannot be called.
    var broken: [String] { snapshot.functions.filter { $0.value.state != .active }.keys.sorted() }
}
