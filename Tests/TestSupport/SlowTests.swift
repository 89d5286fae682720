import Foundation

/// Whether the caller has the time for everything: `OPTSTATE_SLOW_TESTS=1 swift test`.
package let isAskedForSlowTests = ProcessInfo.processInfo.environment["OPTSTATE_SLOW_TESTS"] != nil
