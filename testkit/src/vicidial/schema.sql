CREATE TABLE vicidial_live_agents (
  live_agent_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  user VARCHAR(20), server_ip VARCHAR(15) NOT NULL, conf_exten VARCHAR(20), extension VARCHAR(100),
  status ENUM('READY','QUEUE','INCALL','PAUSED','CLOSER','MQUEUE') DEFAULT 'PAUSED', lead_id INT UNSIGNED NOT NULL DEFAULT 0,
  campaign_id VARCHAR(20), uniqueid VARCHAR(20) DEFAULT '', callerid VARCHAR(20) DEFAULT '', channel VARCHAR(100) DEFAULT '',
  random_id INT UNSIGNED DEFAULT 0, last_call_time DATETIME, last_update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  last_call_finish DATETIME, closer_campaigns TEXT, call_server_ip VARCHAR(15) DEFAULT '', user_level TINYINT UNSIGNED DEFAULT 0,
  comments VARCHAR(20) DEFAULT '', campaign_weight TINYINT(1) DEFAULT 0, calls_today SMALLINT UNSIGNED DEFAULT 0,
  external_hangup VARCHAR(1) DEFAULT '', external_status VARCHAR(255) DEFAULT '', external_pause VARCHAR(20) DEFAULT '',
  external_dial VARCHAR(100) DEFAULT '', external_ingroups TEXT, external_blended ENUM('0','1') DEFAULT '0',
  external_igb_set_user VARCHAR(20) DEFAULT '', external_update_fields ENUM('0','1') DEFAULT '0',
  external_update_fields_data VARCHAR(255) DEFAULT '', external_timer_action VARCHAR(20) DEFAULT '',
  external_dtmf VARCHAR(100) DEFAULT '', external_transferconf VARCHAR(100) DEFAULT '', external_park VARCHAR(40) DEFAULT '',
  external_recording VARCHAR(100) DEFAULT '', external_pause_code VARCHAR(6) DEFAULT '', external_lead_id INT UNSIGNED DEFAULT 0,
  agent_log_id INT UNSIGNED DEFAULT 0, last_state_change DATETIME, outbound_autodial ENUM('Y','N') DEFAULT 'Y',
  manager_ingroup_set ENUM('Y','N','SET') DEFAULT 'N', ra_user VARCHAR(20) DEFAULT '', ra_extension VARCHAR(100) DEFAULT '',
  on_hook_agent ENUM('Y','N') DEFAULT 'N', on_hook_ring_time SMALLINT DEFAULT 15, ring_callerid VARCHAR(20) DEFAULT '',
  pause_code VARCHAR(6) DEFAULT '', dial_campaign_id VARCHAR(8) DEFAULT '',
  INDEX (random_id), INDEX (last_call_time), UNIQUE INDEX vlagentuser (user)
) ENGINE=MyISAM;
CREATE TABLE vicidial_users (
  user_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, user VARCHAR(20) NOT NULL, full_name VARCHAR(50), user_level TINYINT UNSIGNED DEFAULT 1,
  user_group VARCHAR(20), active ENUM('Y','N') DEFAULT 'Y', user_hide_realtime ENUM('0','1') DEFAULT '0', UNIQUE INDEX (user)
) ENGINE=MyISAM;
CREATE TABLE vicidial_auto_calls (
  auto_call_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, server_ip VARCHAR(15) NOT NULL DEFAULT '', campaign_id VARCHAR(20),
  status ENUM('SENT','RINGING','LIVE','XFER','PAUSED','CLOSER','BUSY','DISCONNECT','IVR') DEFAULT 'PAUSED', lead_id INT UNSIGNED NOT NULL DEFAULT 0,
  uniqueid VARCHAR(20) DEFAULT '', callerid VARCHAR(20), channel VARCHAR(100) DEFAULT '', phone_code VARCHAR(10), phone_number VARCHAR(18),
  call_time DATETIME, call_type ENUM('IN','OUT','OUTBALANCE') DEFAULT 'OUT', stage VARCHAR(20) DEFAULT 'START',
  last_update_time DATETIME, alt_dial VARCHAR(6) DEFAULT 'NONE', queue_priority TINYINT(2) DEFAULT 0, agent_only VARCHAR(20) DEFAULT '',
  INDEX (uniqueid), INDEX (callerid), INDEX (call_time)
) ENGINE=MyISAM;
CREATE TABLE vicidial_list (
  lead_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, entry_date DATETIME, modify_date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  status VARCHAR(6), user VARCHAR(20), vendor_lead_code VARCHAR(20), source_id VARCHAR(50), list_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  gmt_offset_now DECIMAL(4,2) DEFAULT 0, called_since_last_reset VARCHAR(10) DEFAULT 'N', phone_code VARCHAR(10), phone_number VARCHAR(18) NOT NULL,
  title VARCHAR(4), first_name VARCHAR(30), middle_initial VARCHAR(1), last_name VARCHAR(30), address1 VARCHAR(100), address2 VARCHAR(100),
  address3 VARCHAR(100), city VARCHAR(50), state VARCHAR(2), province VARCHAR(50), postal_code VARCHAR(10), country_code VARCHAR(3),
  gender ENUM('M','F','U') DEFAULT 'U', date_of_birth DATE, alt_phone VARCHAR(12), email VARCHAR(70), security_phrase VARCHAR(100),
  comments VARCHAR(255), called_count SMALLINT UNSIGNED DEFAULT 0, last_local_call_time DATETIME, `rank` SMALLINT NOT NULL DEFAULT 0,
  owner VARCHAR(20) DEFAULT '', entry_list_id BIGINT UNSIGNED NOT NULL DEFAULT 0, INDEX (phone_number), INDEX (list_id), INDEX (status)
) ENGINE=MyISAM;
CREATE TABLE vicidial_lists (list_id BIGINT UNSIGNED PRIMARY KEY, list_name VARCHAR(30), campaign_id VARCHAR(8), active ENUM('Y','N')) ENGINE=MyISAM;
CREATE TABLE vicidial_campaigns (
  campaign_id VARCHAR(8) PRIMARY KEY, campaign_name VARCHAR(40), active ENUM('Y','N'), dial_method VARCHAR(20) DEFAULT 'MANUAL',
  auto_dial_level VARCHAR(6) DEFAULT '0', adaptive_dropped_percentage VARCHAR(4) DEFAULT '3', adaptive_maximum_level VARCHAR(6) DEFAULT '3.0',
  adaptive_latest_server_time VARCHAR(4) DEFAULT '2100', adaptive_intensity VARCHAR(6) DEFAULT '0', adaptive_dl_diff_target SMALLINT DEFAULT 0,
  available_only_ratio_tally ENUM('Y','N') DEFAULT 'N', dial_timeout TINYINT UNSIGNED DEFAULT 60, dial_statuses VARCHAR(255), lead_order VARCHAR(30) DEFAULT 'DOWN',
  lead_filter_id VARCHAR(20) DEFAULT 'NONE', local_call_time VARCHAR(10) DEFAULT '9am-9pm', hopper_level INT DEFAULT 1, auto_hopper_level VARCHAR(6) DEFAULT '0',
  closer_campaigns TEXT, campaign_allow_inbound ENUM('Y','N') DEFAULT 'N', agent_pause_codes_active VARCHAR(6) DEFAULT 'N', ofcom_uk_drop_calc ENUM('Y','N') DEFAULT 'N'
) ENGINE=MyISAM;
CREATE TABLE vicidial_campaign_stats (
  campaign_id VARCHAR(20) PRIMARY KEY, update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, dialable_leads INT UNSIGNED DEFAULT 0, calls_today INT UNSIGNED DEFAULT 0,
  answers_today INT UNSIGNED DEFAULT 0, drops_today DECIMAL(12,3) DEFAULT 0, drops_today_pct VARCHAR(6) DEFAULT '0', drops_answers_today_pct VARCHAR(6) DEFAULT '0',
  differential_onemin VARCHAR(20) DEFAULT '0', agents_average_onemin VARCHAR(20) DEFAULT '0'
) ENGINE=MyISAM;
CREATE TABLE vicidial_hopper (
  hopper_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, lead_id INT UNSIGNED NOT NULL, campaign_id VARCHAR(8),
  status ENUM('READY','QUEUE','INCALL','DONE','HOLD','DNC') DEFAULT 'READY', user VARCHAR(20), list_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  gmt_offset_now DECIMAL(4,2) DEFAULT 0, state VARCHAR(2) DEFAULT '', alt_dial VARCHAR(6) DEFAULT 'NONE', priority TINYINT(2) DEFAULT 0,
  source VARCHAR(1) DEFAULT '', vendor_lead_code VARCHAR(20) DEFAULT '', UNIQUE INDEX (lead_id)
) ENGINE=MyISAM;
CREATE TABLE vicidial_callbacks (
  callback_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, lead_id INT UNSIGNED, campaign_id VARCHAR(8), status VARCHAR(10),
  callback_time DATETIME, user VARCHAR(20), recipient ENUM('USERONLY','ANYONE'), INDEX (campaign_id), INDEX (status)
) ENGINE=MyISAM;
CREATE TABLE vicidial_pause_codes (pause_code VARCHAR(6), pause_code_name VARCHAR(30), billable ENUM('NO','YES','HALF') DEFAULT 'NO', campaign_id VARCHAR(8), time_limit SMALLINT UNSIGNED DEFAULT 65000) ENGINE=MyISAM;
CREATE TABLE vicidial_statuses (status VARCHAR(6) PRIMARY KEY, status_name VARCHAR(30), human_answered ENUM('Y','N'), sale ENUM('Y','N') DEFAULT 'N', dnc ENUM('Y','N') DEFAULT 'N', answering_machine ENUM('Y','N') DEFAULT 'N', scheduled_callback ENUM('Y','N') DEFAULT 'N', category VARCHAR(20) DEFAULT 'UNDEFINED') ENGINE=MyISAM;
CREATE TABLE vicidial_campaign_statuses (status VARCHAR(6), status_name VARCHAR(30), campaign_id VARCHAR(8), human_answered ENUM('Y','N'), sale ENUM('Y','N') DEFAULT 'N', scheduled_callback ENUM('Y','N') DEFAULT 'N', category VARCHAR(20) DEFAULT 'UNDEFINED') ENGINE=MyISAM;
CREATE TABLE vicidial_inbound_groups (group_id VARCHAR(20) PRIMARY KEY, group_name VARCHAR(30), group_color VARCHAR(7)) ENGINE=MyISAM;
CREATE TABLE vicidial_closer_log (closecallid INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, lead_id INT UNSIGNED NOT NULL DEFAULT 0, campaign_id VARCHAR(20), uniqueid VARCHAR(20) DEFAULT '', queue_seconds DECIMAL(7,2) DEFAULT 0, INDEX (uniqueid)) ENGINE=MyISAM;
CREATE TABLE vicidial_dnc (phone_number VARCHAR(18) PRIMARY KEY) ENGINE=MyISAM;
CREATE TABLE vicidial_log (
  uniqueid VARCHAR(20) PRIMARY KEY, lead_id INT UNSIGNED NOT NULL, list_id BIGINT UNSIGNED, campaign_id VARCHAR(8), call_date DATETIME, start_epoch INT UNSIGNED, end_epoch INT UNSIGNED,
  length_in_sec INT, status VARCHAR(6), phone_code VARCHAR(10), phone_number VARCHAR(18), user VARCHAR(20), comments VARCHAR(255), processed ENUM('Y','N'), INDEX (lead_id), INDEX (call_date)
) ENGINE=MyISAM;
CREATE TABLE parked_channels (channel VARCHAR(100) NOT NULL, server_ip VARCHAR(15) NOT NULL, channel_group VARCHAR(30), extension VARCHAR(10), parked_by VARCHAR(100), parked_time DATETIME) ENGINE=MyISAM;
CREATE TABLE vicidial_settings_containers (container_id VARCHAR(40) PRIMARY KEY, container_notes VARCHAR(255) DEFAULT '', container_type VARCHAR(40) DEFAULT 'OTHER', container_entry MEDIUMTEXT) ENGINE=MyISAM;
INSERT INTO vicidial_users (user, full_name, user_level, user_group) VALUES ('1001','Ann Ready',1,'AGENTS'),('1002','Bob Incall',1,'AGENTS'),('1003','Cid Paused',1,'AGENTS'),('1004','Dee Inbound',1,'AGENTS'),('1005','Eve Dispo',1,'AGENTS'),('hidden','Hid Den',1,'AGENTS');
UPDATE vicidial_users SET user_hide_realtime='1' WHERE user='hidden';
INSERT INTO vicidial_campaigns (campaign_id, campaign_name, active, dial_method, auto_dial_level) VALUES ('TESTCAMP','Test campaign','Y','ADAPT_HARD_LIMIT','2.154'),('MANCAMP','Manual campaign','N','MANUAL','0');
INSERT INTO vicidial_campaign_stats (campaign_id, dialable_leads, calls_today, answers_today, drops_today, differential_onemin, agents_average_onemin) VALUES ('TESTCAMP',120,400,100,4,'0.4','5.2');
INSERT INTO vicidial_lists VALUES (101,'Test list','TESTCAMP','Y');
INSERT INTO vicidial_list (lead_id, status, list_id, phone_code, phone_number, first_name) VALUES (1,'NEW',101,'1','7275551001','Pat'),(2,'INCALL',101,'1','7275551002','Quinn'),(3,'INCALL',101,'1','7275551003','Rae'),(6,'INCALL',101,'1','7275551006','Sam');
INSERT INTO vicidial_hopper (lead_id, campaign_id, list_id) VALUES (1,'TESTCAMP',101);
INSERT INTO vicidial_pause_codes VALUES ('BREAK','Break','NO','TESTCAMP',30),('LUNCH','Lunch','NO','TESTCAMP',3600);
