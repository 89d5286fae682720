#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The date, as pages show it.
enum ReportDate {
  /// The day in UTC as `YYYY-MM-DD`: that of `SOURCE_DATE_EPOCH` where it is set, so that a page can be made again to the
  /// byte (reproducible-builds.org).
  static var today: String {
    let told = unsafe getenv("SOURCE_DATE_EPOCH").flatMap { unsafe Int(String(cString: $0)) }
    return day(of: told ?? time(nil))
  }

  /// The day of a time in seconds since 1970, in the proleptic Gregorian calendar.
  static func day(of seconds: Int) -> String {
    var moment = time_t(seconds)
    var parts = unsafe tm()
    guard unsafe gmtime_r(&moment, &parts) != nil else { return "an unknown day" }
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let numbers = unsafe [1900 + parts.tm_year, parts.tm_mon + 1, parts.tm_mday]
    return numbers.map(padded).joined(separator: "-")
  }
}
